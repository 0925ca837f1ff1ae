// What this module uses of Node-RED, in every release that it runs in. Node-RED's own types describe what nodes and the
// editor are given, not what stands behind a storage module.

import type { EventEmitter } from 'node:events';

/**
 * A node of a flow array. Nothing but `type` is sure, once `flowFault` has looked: the rest is as an editor makes it, and
 * Node-RED runs what is otherwise as well.
 */
export interface FlowNode {
  /** Node-RED knows it by `keyOf(id)`. */
  id?: unknown;
  type: string;
  /** The tab or subflow that it is on. */
  z?: unknown;
  /** Its group. */
  g?: unknown;
  /** `true`: the node is disabled. */
  d?: unknown;
  /** The tab is. */
  disabled?: unknown;
  /** Arrays of ids. */
  wires?: unknown;
  /** Those of tabs, groups, subflows and their instances: an array of `EnvironmentVariable`. */
  env?: unknown;
  credentials?: object | null;
  [property: string]: unknown;
}

export interface EnvironmentVariable {
  name: string;
  type: string;
  value: unknown;
}

/** Of Node-RED's runtime: how flows are read, before anything is started. */
export interface FlowsUtil {
  /** Takes the array apart, which is its own. */
  parseConfig(config: FlowNode[]): ParsedFlows;
  diffConfigs(before: ParsedFlows | null, next: ParsedFlows): FlowDifference;
  diffNodes(old: object, next: object): boolean;
}

/** Flows as Node-RED starts them. */
export interface ParsedFlows {
  flows: Record<string, ParsedTab>;
  /** Those of all tabs. */
  configs: Record<string, object>;
  subflows: Record<string, object>;
  /** All that was read, tabs too, by id. */
  allNodes: Record<string, object>;
}

/** A tab; one that nodes are on and that is not there has nothing but `id` and `type`. */
export interface ParsedTab {
  disabled?: unknown;
  env?: unknown;
  /** Those on it, by id. */
  nodes: Record<string, object>;
  configs: Record<string, object>;
  [property: string]: unknown;
}

/** Of Node-RED's runtime: what starts and stops flows. */
export interface FlowsModule {
  getFlows: Nodes['getFlows'];
  setFlows: Nodes['setFlows'];
  startFlows: Nodes['startFlows'];
  /** Of what was read last and is to run. */
  eachNode(callback: (node: object) => void): void;
  /** What its API tells of one tab, or of what is on none (`global`). */
  getFlow(id: string): { id: string; [property: string]: unknown } | null;
}

/** A tab or an instance of a subflow, with the nodes of it that run, by id. */
export interface RunningFlow {
  activeNodes: Record<string, object>;
}

/** What each of them is. */
export interface FlowClass {
  prototype: RunningFlow & {
    /** Without a list, all of it. */
    stop(this: RunningFlow, stopList?: string[] | null, removedList?: string[] | null): Promise<unknown>;
  };
}

/** Credentials by the id of their node. */
export type Credentials = Record<string, NodeCredentials>;
export type NodeCredentials = Record<string, unknown>;
/** Credentials in the form in which Node-RED stores them when there is a secret. */
export interface EncryptedCredentials {
  $: string;
}

/** settings.js, and what Node-RED adds to it: the first argument of a storage module's `init`. */
export interface Settings {
  valkey?: unknown;
  /** Made sure of by `storage.js`, before anything else. */
  userDir: string;
  readOnly?: boolean;
  flowFile?: string;
  flowFilePretty?: boolean;
  /** `false`: nothing is encrypted. */
  credentialSecret?: string | false;
  editorTheme?: { projects?: { enabled?: boolean; path?: string } };
  storageModule?: unknown;
  /** Node-RED's. */
  version?: string;
  /** Further folders in which it looks for nodes and plugins. */
  nodesDir?: string | string[];
  contextStorage?: Record<string, { module?: unknown } | null>;
  functionExternalModules?: boolean;
  externalModules?: {
    palette?: { allowList?: unknown; denyList?: unknown };
    modules?: { allowInstall?: boolean };
  };
}

/** Node-RED's runtime: the second argument of a storage module's `init`. */
export interface Runtime {
  events: EventEmitter;
  hooks: Hooks;
  log: RuntimeLog;
  settings: RuntimeSettings;
  nodes: Nodes;
  /** Express. */
  nodeApp?: ExpressApp;
  adminApp?: ExpressApp;
  /** Whether nodes are loaded. */
  isStarted(): boolean;
}

export interface RuntimeLog extends Record<'error' | 'warn' | 'info' | 'debug', (text: string) => void> {
  /** Takes every message as the event `log`, audit events too. */
  addHandler(handler: EventEmitter): void;
  removeHandler(handler: EventEmitter): void;
}

/** What the editor's API asks of the runtime about flows. */
export interface FlowsApi {
  /** Rejects with the code `version_mismatch` when `rev` is given and another is deployed. */
  setFlows(opts: {
    user?: object;
    /** For the audit log. */
    req?: object;
    deploymentType: DeployType;
    flows: { flows: FlowNode[]; credentials?: Credentials; rev?: string };
  }): Promise<{ rev: string }>;
  /** One tab, with what is on it; the global configuration nodes and subflows where it is for those. */
  addFlow?(opts: { flow: EditedFlow }): Promise<string>;
  updateFlow?(opts: { id: string; flow: EditedFlow }): Promise<string>;
}

/** A tab as the API for single tabs takes it. */
export interface EditedFlow {
  nodes?: FlowNode[];
  configs?: FlowNode[];
  subflows?: FlowNode[];
}

/** The payload of the event `node-status`; without a status when the node has ended. */
export interface NodeStatus {
  id: string;
  status?: { text?: unknown; fill?: unknown; shape?: unknown } | null;
}

/** Statuses by the id of their node, as an editor is told them. */
export type Statuses = Record<string, unknown>;

/** Of Node-RED's runtime: what editors are connected to. */
export interface Comms {
  /** Sends the client what is kept of the topic. */
  subscribe(params: { client: { send(topic: string, data: unknown): void }; topic: string }): Promise<void>;
}

export interface ExpressApp {
  /** Of Express 4. */
  _router?: { stack?: unknown[] };
  /** Of Express 5. */
  router?: { stack?: unknown[] };
}

/** settings.js and the stored settings in one. */
export interface RuntimeSettings {
  version: string;
  safeMode?: boolean;
  httpAdminRoot?: string | false;
  /** Whether the stored ones have been read. */
  available(): boolean;
  get(name: string): any;
  set(name: string, value: unknown): Promise<void>;
  getUserSettings(user: string): object | null | undefined;
  setUserSettings(user: string, settings: object): Promise<void>;
}

export interface Hooks {
  add(name: string, hook: (payload: any) => unknown): void;
  /** `'*.label'`: all with the label. */
  remove(name: string): void;
  trigger(name: string, payload: object): Promise<unknown>;
}

/** A node type: its constructor, or the definition of a subflow that a package brings. */
export type NodeType = Function | { subflow?: { flow?: FlowNode[] } };

export type DeployType = 'full' | 'flows' | 'nodes';

export interface Nodes {
  /** What was loaded or deployed last; nothing before. */
  getFlows(): { flows: FlowNode[]; rev: string } | null | undefined;
  /**
   * Replaces the flows; `null` leaves the credentials as they are. `undefined` instead of a revision: nodes could not be
   * stopped.
   */
  setFlows(flows: FlowNode[], credentials: Credentials | null, type: DeployType): Promise<string | undefined>;
  /** Reads them from the storage again; with `true` also ends safe mode. As `setFlows`. */
  loadFlows(force: boolean): Promise<string | undefined>;
  startFlows(): Promise<void>;
  /** Called for the end of Node-RED. */
  stopFlows(): Promise<void>;
  /** Loads them from the storage; `force`: in safe mode, too. */
  loadFlows(force: boolean): Promise<unknown>;
  disableNode(set: string): Promise<unknown>;
  /** A node that runs. */
  getNode(id: string): object | null | undefined;
  getType(type: string): NodeType | null | undefined;
  getCredentials(id: string): NodeCredentials | null | undefined;
  addCredentials(id: string, credentials: NodeCredentials): unknown;
  deleteCredentials(id: string): unknown;
  getCredentialDefinition(type: string): object | undefined;
  registerType(set: string, type: string, constructor: NodeType, options: { credentials: object } | undefined): void;
  getModuleInfo(name: string): ModuleInfo | null;
}

/** What the editor is told of a module. */
export interface ModuleInfo {
  name: string;
  version: string;
  nodes: object[];
  plugins?: object[];
  pending_version?: string;
}

/** A module of the registry: a package that has been loaded. */
export interface NodeModule {
  name: string;
  version: string;
  /** Its folder. */
  path: string;
  /** Whether it is in the user directory. */
  local?: boolean;
  /** Whether a user has asked for it; otherwise another module has brought it along. */
  user?: boolean;
  /** A version that is installed and does not run yet. */
  pending_version?: string;
  /** The modules whose nodes it uses, and those that use its. */
  dependencies?: string[];
  usedBy?: string[];
  nodes: Record<string, NodeSet>;
  plugins?: Record<string, ModulePart>;
}

export interface ModulePart {
  name: string;
  err?: LoadError;
}

/** An error as Node-RED's registry keeps it; some have been made a text. */
export type LoadError = (Error & { code?: string; details?: { type: string; moduleA: string } }) | string;

/** The node types of one file. */
export interface NodeSet extends ModulePart {
  id: string;
  module: string;
  file: string;
  types?: string[];
  enabled?: boolean;
  loaded?: boolean;
}

/** Node-RED's own file storage. It reads what is missing or broken as empty. */
export interface LocalStorage {
  init(settings: Settings, runtime: Runtime): Promise<void>;
  getFlows(): Promise<FlowNode[]>;
  saveFlows(flows: FlowNode[], user?: object): Promise<void>;
  getCredentials(): Promise<StoredCredentials>;
  saveCredentials(credentials: StoredCredentials): Promise<void>;
  getSettings(): Promise<StoredSettings>;
  saveSettings(settings: StoredSettings): Promise<void>;
  getSessions(): Promise<object>;
  saveSessions(sessions: object): Promise<void>;
  /** A text for a file; for a folder its subfolders' names, then its files' meta. */
  getLibraryEntry(type: string, path: string): Promise<string | Array<string | LibraryFile>>;
  saveLibraryEntry(type: string, path: string, meta: Record<string, string>, body: string): Promise<void>;
  projects: Projects;
}

/** What local storage writes its files with. */
export interface FileWriter {
  writeFile(file: string, content: string, backup?: string): Promise<void>;
}

export interface LibraryFile {
  fn: string;
  [meta: string]: string;
}

/** Plain or encrypted. */
export type StoredCredentials = Credentials | EncryptedCredentials;

/** What Node-RED stores besides settings.js, in parts that each have a file. */
export interface StoredSettings {
  _credentialSecret?: string;
  [section: string]: unknown;
}

export interface Projects {
  /** Until the first load it is no more than a name. */
  getActiveProject(): Project | string | null | undefined;
}

export interface Project {
  name: string;
  loaded?: undefined;
  credentialSecret?: string;
  getFlowFile(): string | undefined;
  getCredentialsFile(): string;
}

/** The difference between two flow configurations, as Node-RED announces it: ids of nodes. */
export interface FlowDifference {
  added?: string[];
  changed?: string[];
  removed?: string[];
  rewired?: string[];
  linked?: string[];
  flowChanged?: string[];
}

/** The payload of `flows:stopping` and `flows:starting`. */
export interface FlowsEvent {
  type: DeployType;
  diff?: FlowDifference | null;
}

/** The payload of the event `runtime-state`. */
export interface RuntimeState {
  error?: string;
  state?: 'start' | 'stop' | 'safe';
  type?: string;
  types?: string[];
  modules?: Array<{ module: string }>;
}

/** A package.json. */
export interface Manifest {
  name?: string;
  version: string;
  type?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  'node-red'?: {
    version?: string;
    nodes?: Record<string, string>;
    plugins?: Record<string, string>;
    dependencies?: string[];
  };
}

/** Of Node-RED's registry: the look for modules that flows need, before each start of them. */
export interface DependencyCheck {
  /** Rejects with what could not be installed. */
  checkFlowDependencies(flows: FlowNode[]): Promise<unknown>;
}

/** Of Node-RED's registry: what that look goes by. */
export interface TypeRegistration {
  /** The property in which nodes of a type name modules. */
  register(type: string, property: string): unknown;
  registerSubflow(type: string, subflow: object): unknown;
}

/** How Node-RED reads keys such as `a.b[0]`, of `@node-red/util`. */
export interface ExpressionUtil {
  /** Throws with the code `INVALID_EXPR`; `root` is what `msg` means in `a[msg.b]`. */
  normalisePropertyExpression(expression: string, root?: object): Array<string | number>;
  /** Whether there was room for it; `undefined` removes. */
  setObjectProperty(root: object, expression: string, value: unknown): boolean;
}
