// What the history of an admin's deploys answers, to its editor and through that to the command line.

/** What is wanted of a rollback. */
export interface RollbackWanted {
  /** Who wants it. */
  user?: object;
  /** By which request, for Node-RED's audit log. */
  request?: object;
  message?: string;
  /** Node-RED's revision that it is to follow; refused where another is deployed. */
  rev?: string;
  /** Also where types are not installed that it needs. */
  acceptMissing?: boolean;
}

/** What came of it. */
export type RollbackOutcome =
  | { done: false; /** Types that are not installed. */ missing: string[] }
  | {
      done: true;
      /** Node-RED's revision now. */
      rev: string;
      missing: string[];
      /** `kept`: those of today, because nobody here can decrypt the earlier ones. */
      credentials: 'restored' | 'kept';
      /** Why workers do not have it yet. */
      away: string | null;
    };

export interface AskedHistory {
  /** JSON text (docs/history.md). */
  entries(): Promise<string>;
  /** JSON text; without `from`, what `to` has changed. */
  difference(from: number | undefined, to: number): Promise<string>;
  /** False: there is no such entry. */
  annotate(sequence: number, message: string): Promise<boolean>;
  rollback(sequence: number, wanted: RollbackWanted): Promise<RollbackOutcome>;
}

/** An entry of the history, as it is told (docs/history.md). */
export interface Entry {
  sequence: number;
  /** In ms since 1970. */
  time: number;
  user: string | null;
  origin: string;
  added: number;
  changed: number;
  removed: number;
  tabs: string[];
  address: string | null;
  type: string | null;
  message: string | null;
  to: number | null;
  project: string | null;
  current: boolean;
}

export interface HistoryDifference {
  /** Null: with nothing. */
  from: number | null;
  to: number;
  tabs: Array<{ id: string; name: string; nodes: NodeDifference[] }>;
  credentialsChanged: boolean;
  /** Nodes that differ and are not listed. */
  leftOut: number;
}

export interface NodeDifference {
  id: string;
  type: string;
  name: string;
  change: 'added' | 'changed' | 'removed';
  /** Null: it had, or has, none; both: it is told of no more than that. */
  properties: Array<{ name: string; before: string | null; after: string | null }>;
}
