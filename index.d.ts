/**
 * `node-red-storage-valkey`: Node-RED storage shared through Valkey or Redis.
 *
 * In settings.js: `storageModule: require('node-red-storage-valkey')` and an object `valkey`
 * of type {@link ValkeyOptions}.
 */
declare const storage: StorageModule;
export = storage;

/** What Node-RED expects of a storage module. */
interface StorageModule {
  init(settings: object, runtime: object): Promise<void>;
  getFlows(): Promise<object[]>;
  saveFlows(flows: object[], user?: object): Promise<void>;
  getCredentials(): Promise<object>;
  saveCredentials(credentials: object): Promise<void>;
  getSettings(): Promise<object>;
  saveSettings(settings: object): Promise<void>;
  getSessions(): Promise<object>;
  saveSessions(sessions: object): Promise<void>;
  /** A text for a file; for a folder its subfolders' names, then its files' meta. */
  getLibraryEntry(type: string, path: string): Promise<string | Array<string | LibraryFile>>;
  saveLibraryEntry(type: string, path: string, meta: Record<string, string>, body: string): Promise<void>;
  /** Node-RED's own Projects on an admin; a worker has none. */
  readonly projects: object | undefined;
}

interface LibraryFile {
  fn: string;
  [meta: string]: string;
}

declare namespace storage {
  /** The object `valkey` in settings.js. */
  interface ValkeyOptions {
    /** `'admin'` has the editor and writes; `'worker'` runs what the admin deployed. */
    role: 'admin' | 'worker';
    /** Every key begins with it. Default `'nodered:'`. */
    keyPrefix?: string;
    /** Announces a new revision. Default `<keyPrefix>flows:updated`. */
    updateChannel?: string;
    /** Announces a new package list. Default `<keyPrefix>packages:updated`. */
    packageChannel?: string;
    /** Write values over 1 KiB as gzip; reading understands every format. Default `false`. */
    enableCompression?: boolean | 'true' | 'false';
    /** Expiry of the sessions key, in seconds. Default 86400. */
    sessionTTL?: number | string;
    /** Worker: how much to restart on an update, as Node-RED's deploy types. Default `'nodes'`. */
    reload?: 'nodes' | 'flows' | 'full';
    /** `false`: no secret that decrypts credentials is stored in Valkey. Default `true`. */
    shareCredentialSecret?: boolean | 'true' | 'false';
    /** Admin: how many replicas have to confirm a deploy, or a warning is logged. Default 0. */
    waitReplicas?: number | string;
    /** Package synchronisation is not part of this version; accepted for later. */
    syncPackages?: boolean | 'true' | 'false';
    packageSyncTimeout?: number | string;
    packageUpgrade?: 'report' | 'live' | 'restart';
    packageInstallScripts?: boolean | 'true' | 'false';
    /** Probes are not part of this version. */
    health?: false;

    /** Default `'localhost'`. */
    host?: string;
    /** Default 6379. */
    port?: number | string;
    /** Path of a unix socket, in place of host and port. */
    path?: string;
    /** `redis://[user:password@]host[:port][/db]`; options given beside it win. */
    url?: string;
    /** Address family of look-ups: 4, 6, or 0 for either (default). */
    family?: 0 | 4 | 6;
    /** ACL user. */
    username?: string;
    password?: string;
    /** Database number. Default 0. */
    db?: number | string;
    /** 3 (default; falls back to 2 by itself) or 2. */
    protocol?: 2 | 3;
    /** For `CLIENT SETNAME`. */
    connectionName?: string;
    /** Limit for DNS, TCP and handshake together, in ms. Default 10000. */
    connectTimeout?: number | string;
    /** Limit for one command, in ms. */
    commandTimeout?: number | string;
    /**
     * The wait before the reconnect number `times`, in ms; anything but a number: never again.
     * Default `Math.min(times * 50, 2000)`, with jitter.
     */
    retryStrategy?: ((times: number) => number | null | undefined | void) | null;
    /** Other options of ioredis are accepted, noted or refused by name at start. */
    [ioredisOption: string]: unknown;
  }
}
