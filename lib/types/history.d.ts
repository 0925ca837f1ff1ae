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
