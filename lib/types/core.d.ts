import type * as binding from '../../binding';
import type { AskedHistory } from './history';
import type { FlowNode, LocalStorage, Projects, Runtime, Settings } from './node-red';

/** A line in Node-RED's log, with our prefix. */
export type Log = Record<binding.LogLevel, (text: string) => void>;

/** `settings.valkey`, or an object inside it, as a user has written it. */
export type RawOptions = Record<string, unknown>;

/** `settings.valkey` as the core takes it. */
export interface Options {
  /** JSON text. */
  text: string;
  functions: binding.Functions;
}

/** What the background methods can answer. */
type Settled = NonNullable<Parameters<binding.SettleFunction>[1]>;
type AnswersOf<T extends Record<string, Settled>> = T;

/** What those answer that have no namesake to wait for. */
type BackgroundAnswers = AnswersOf<{
  reconcileLibrary: string;
  packagesSettled: boolean;
  loaded: boolean;
  incr: string;
  compareAndSet: boolean;
  setIfAbsent: boolean;
  push: string;
  expire: boolean;
  look: boolean;
}>;

export type CoreName = 'Admin' | 'Worker' | 'Context' | 'Member' | 'HistoryReader';
type Class<N extends CoreName> = InstanceType<(typeof binding)[N]>;

type InBackground = 'InBackground';

type Answer<C, Method> = Method extends keyof BackgroundAnswers
  ? BackgroundAnswers[Method]
  : Method extends keyof C
    ? C[Method] extends (...args: never[]) => Promise<infer Value>
      ? Value
      : never
    : never;

/**
 * A class of the binding, as `openCore` opens it: the methods `…InBackground` stand under `background`, where the number
 * of the call is no argument, and the answer is a promise.
 */
export type Core<N extends CoreName> = {
  [M in keyof Class<N> as M extends `${string}${InBackground}` ? never : M]: Class<N>[M];
} & {
  background: {
    [M in keyof Class<N> as M extends `${infer Method}${InBackground}` ? Method : never]: Class<N>[M] extends (
      call: number,
      ...args: infer Args
    ) => void
      ? (...args: Args) => Promise<M extends `${infer Method}${InBackground}` ? Answer<Class<N>, Method> : never>
      : never;
  };
};

export type AdminCore = Core<'Admin'>;
export type WorkerCore = Core<'Worker'>;
export type ContextCore = Core<'Context'>;
export type MemberCore = Core<'Member'>;

/** A tab that runs on one worker, and that is this one. */
export interface HeldTab {
  tab: string;
  /** Grows with each change of who runs it. */
  fence: number;
  /** Since when, in ms as `Date.now()`. */
  since: number;
}

/** What a member of the cluster agrees on with the others for tabs that run on one worker. */
export interface TabLeases {
  /** The tabs that are wanted here, by id; others are given back. */
  holdTabs(tabs: string[]): unknown;
  /** Those that are held at this moment. */
  heldTabs(): HeldTab[];
  /** Shows that the event loop turns: leases are renewed only while it does. */
  stillAlive(): unknown;
  /** Gives all back, and wants none. */
  giveBackTabs(): Promise<unknown>;
  /** `problem`: why none can be held. */
  memberState(): { connection: string; problem?: string | null };
}

/** What placement needs of a worker's updates. */
export interface RunningFlows {
  /**
   * The flows that Node-RED has, where they run. `touched`: the tabs of which something stands still, since an update
   * waits; `null`: nobody knows them.
   */
  running(): { flows: FlowNode[]; touched?: Set<string> | null } | undefined;
  /**
   * In its turn: as long as `step()` tells of a change Node-RED looks again at which tabs it is to run, and `settle()` is
   * called when it has done so.
   */
  move(params: { step: () => boolean; settle: () => void }): Promise<void>;
  /** Resolves when no update is being applied or waits for its turn. */
  idle(): Promise<void>;
}

/** Which tabs run here. */
export interface Placement {
  /**
   * Flows that can be run here. Throws where they have a tab that is not to run everywhere, and Node-RED can't be told
   * so: it would run everywhere.
   */
  checked(flows: FlowNode[]): FlowNode[];
  /** From now on tabs that run on one worker start and stop here as their leases come and go. */
  runOnce(params: { leases: TabLeases; reload: RunningFlows }): { leasesChanged(): void; close(): Promise<void> };
  /** The tabs that run here alone, what is wrong with others, and why none can run here. */
  state(): PlacementState;
  /** Has what is wrong told from now on, whenever it has changed, and at once. */
  onFaults(listener: (faults: string[]) => void): void;
  /** On an admin: also has told what is wrong by what other instances report. */
  watchOthers(read: () => Promise<ReportingInstance[]>): { close(): void };
  close(): void;
}

/** What another instance reports, as far as placement goes by it. */
export interface ReportingInstance {
  name: string;
  role: binding.Role;
  state: string;
  labels: string[];
  notes: string[];
  once?: { lease: number; whenAway: string } | null;
}

export interface PlacementState {
  runsNothing: boolean;
  tabs: Array<{ id: string; name: string; fence: number; since: number }>;
  faults: string[];
  problem?: string | null;
}

/** What both have for their packages. */
export interface PackagesCore {
  packages(): binding.Packages | null;
  /** `emptied` is an admin's. */
  packagesAtStart(hostInfo: binding.HostInfo, emptied?: boolean): Promise<unknown>;
}

/** This instance as a member of its cluster; one connection for all of it. */
export interface Member {
  core: MemberCore;
  /** A listener an event; each event has one. What came earlier is told at once. */
  listen(given: Partial<Record<binding.EventName, () => unknown>>): void;
  close(): Promise<void>;
}

/**
 * Has Node-RED's look for what large deploys change done at a better time than in the turn in which it reads the flows. None of
 * these rejects for what is in the flows.
 */
export interface DifferencePreparation {
  /**
   * Resolves when Node-RED may be handed these flows: this very array, unchanged. What is in it nobody changes, ever: an object
   * that was in the one before is the same node.
   */
  prepare(flows: FlowNode[]): Promise<void>;
  /** The same, for flows that are saved before anybody asks what differs: where it is sure to be found, it may be left for later. */
  prepareToSave(flows: FlowNode[]): Promise<void>;
  /**
   * Finds what was left for later, between whatever else the event loop has to do; with the help of the text of these flows,
   * where the core has it.
   */
  goOn(preparing?: Promise<string | binding.PreparedFlows>): Promise<void>;
}

/** What an admin or a worker is opened with. */
export interface OpenParams {
  settings: Settings;
  runtime: Runtime;
  log: Log;
  options: Options;
  /** What the core made of the options. */
  checked: binding.CheckedOptions;
  /** This instance as a member of its cluster. */
  member: Member;
  /** Which tabs run here. */
  placement: Placement;
  /** Has Node-RED's look for what flows change done at a better time. */
  difference: DifferencePreparation;
  /** What an update of a worker's flows has come to. */
  onUpdate?: (result: { applied: boolean; ms: number; restarted: number }) => void;
}

/**
 * Whether the packages on the list are here, and the names of those that are not; `inStep` is null when nobody can say.
 */
export interface PackageState {
  inStep: boolean | null;
  waiting: string[];
  /** Installed, and not usable for a reason. */
  notLoaded: binding.NotLoaded[];
}

/** An admin or a worker that is open: what Node-RED asks of its storage, and what probes ask. */
export interface Instance extends Omit<LocalStorage, 'init' | 'projects'> {
  /** Null as long as there is nothing to tell. */
  health(): binding.AdminHealth | binding.WorkerHealth | null;
  /** Of an admin that keeps one. */
  history?: AskedHistory | undefined;
  /** Undefined when packages are not synchronised. */
  packageState?(): PackageState | undefined;
  close(): Promise<void>;
}

/** The storage module that Node-RED is given: `index.js`. */
export interface StorageModule extends Omit<Instance, 'health' | 'history' | 'packageState' | 'close'> {
  init(settings: Settings, runtime: Runtime): Promise<void>;
  readonly projects: Projects | undefined;
}
