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
  /** PEM text or Buffer with one or several certificates, or a DER Buffer. */
  type Certificates = string | Uint8Array;

  /** A private key as PEM text or Buffer, or a DER Buffer. */
  type PrivateKey = string | Uint8Array | { pem: string | Uint8Array; passphrase?: string };

  /** Options of `tls.connect`, as far as they are supported. */
  interface TlsOptions {
    /** What is trusted. Default: what Node.js trusts. */
    ca?: Certificates | Certificates[] | null;
    /** Our certificate and its chain. */
    cert?: Certificates | Certificates[] | null;
    /** Its key. */
    key?: PrivateKey | [PrivateKey] | null;
    /** Decrypts `key`. */
    passphrase?: string | Uint8Array | null;
    /** The name that the server's certificate must be for. Default: the host. */
    servername?: string | null;
    /** `false`: the server's certificate is not checked. Default `true`. */
    rejectUnauthorized?: boolean | 'true' | 'false' | null;
    /** Decides about the name in place of the built-in check; must answer at once. */
    checkServerIdentity?: ((name: string, certificate: import('tls').PeerCertificate) => Error | undefined) | null;
    /** Default `'TLSv1.2'`. */
    minVersion?: 'TLSv1.2' | 'TLSv1.3' | null;
    /** Default `'TLSv1.3'`. */
    maxVersion?: 'TLSv1.2' | 'TLSv1.3' | null;
    ALPNProtocols?: Array<string | Uint8Array> | Uint8Array | null;
    /** Names of OpenSSL, separated by colons. */
    ciphers?: string | null;
    /** Names of curves, separated by colons. */
    ecdhCurve?: string | null;

    // Accepted without effect, with a line in the log. What is refused by name at start is not here.
    allowPartialTrustChain?: unknown;
    minDHSize?: unknown;
    enableTrace?: unknown;
    requestOCSP?: unknown;
    highWaterMark?: unknown;
    timeout?: unknown;
    handshakeTimeout?: unknown;
    honorCipherOrder?: unknown;
    requestCert?: unknown;
    sessionIdContext?: unknown;
    sessionTimeout?: unknown;
    ticketKeys?: unknown;
    SNICallback?: unknown;
    pskIdentityHint?: unknown;
    isServer?: unknown;
    server?: unknown;
  }

  /** An address; `'host:port'` means the same, and a number a port on this machine. */
  type Address = { host?: string; port?: number | string } | string | number;

  /** The wait before attempt number `times`, in ms; anything but a number: never again. */
  type RetryStrategy = ((times: number) => number | null | undefined | void) | null;

  /** An error reply, as ioredis shows it; the arguments are kept back. */
  interface ReplyError extends Error {
    command: { name: string; args: [] };
  }

  /** `true` or 1: connect anew; 2: and send again what does no harm twice. */
  type ReconnectOnError = (error: ReplyError) => boolean | 0 | 1 | 2;

  /** Where a server is reached that is announced under another address. */
  type NatMap =
    | Record<string, { host: string; port: number | string }>
    | ((announced: string) => { host: string; port: number | string } | null | undefined);

  /** Where probes are answered. */
  interface HealthOptions {
    /** Port of the listener; 0: one that the system hands out, which the log names. */
    port: number | string;
    /** Address to listen on. Default: every address of the machine. */
    host?: string | null;
    /** What the paths of the probes begin with. Default `'/health'`. */
    path?: string | null;
    /**
     * Worker: seconds for which it is ready since what it runs was last seen in Valkey. Default:
     * without end.
     */
    maxAge?: number | string | null;
  }

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
    /** `false`: an admin publishes no package list, a worker installs nothing. Default `true`. */
    syncPackages?: boolean | 'true' | 'false';
    /** Worker: ms that npm may hold up the start, and that a deploy waits for its packages. Default 120000. */
    packageSyncTimeout?: number | string;
    /** Worker: what happens with a new version of a loaded module. Default `'report'`. */
    packageUpgrade?: 'report' | 'live' | 'restart';
    /** `false`: npm runs no install scripts. Default: npm's own. */
    packageInstallScripts?: boolean | 'true' | 'false';
    /** Answer probes on a listener of their own: `<path>/live` and `<path>/ready`. Default `false`. */
    health?: false | 'false' | HealthOptions | null;
    /** How many bytes a value of the shared context (default 1 MiB) and all of it (default 64 MiB) may have. */
    context?: { maxValue?: number | string; maxTotal?: number | string } | null;
    /** The server user that writes the shared context; without it, that of the other connections. */
    state?: { username?: string; password?: string } | null;

    /** TLS, with the options of Node.js; `true`: with what Node.js trusts. */
    tls?: TlsOptions | boolean | 'true' | 'false' | null;

    /** Default `'localhost'`. */
    host?: string;
    /** Default 6379. */
    port?: number | string;
    /** Path of a unix socket, in place of host and port. */
    path?: string;
    /** `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS; options given beside it win. */
    url?: string | number;
    /** Address family of look-ups: 4, 6, or 0 for either (default). */
    family?: 0 | 4 | 6 | '0' | '4' | '6';
    /** ACL user. */
    username?: string | null;
    password?: string | null;
    /** Database number. Default 0. */
    db?: number | string;
    /** 3 (default; falls back to 2 by itself) or 2. */
    protocol?: 2 | 3 | '2' | '3';
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
    retryStrategy?: RetryStrategy;
    /** The server shows the library as `node-red-storage-valkey(tag)`. */
    clientInfoTag?: string | null;
    /** Tell the server nothing about the library. Default `false`. */
    disableClientInfo?: boolean | 'true' | 'false';
    /** Time without a byte from the server after which it is given up, in ms, from 100; 0: none. */
    socketTimeout?: number | string | null;
    /** Time without traffic after which TCP asks for the peer, in ms. Default 5000, as with 0. */
    keepAlive?: number | string;
    /** Small writes leave at once. Default `true`. */
    noDelay?: boolean | 'true' | 'false';
    /** Time that commands under way have to end when the connection is closed. Default 2000. */
    disconnectTimeout?: number | string;
    /** What to do about an error reply to a command, beside telling the caller. */
    reconnectOnError?: ReconnectOnError | null;
    /** Commands wait for a connection that was lost a moment ago. Default `true`. */
    enableOfflineQueue?: boolean | 'true' | 'false';
    /** What waits fails with every n+1st failed attempt; `null`: by time only. Default 20. */
    maxRetriesPerRequest?: number | string | null;
    /** What had no answer is sent again if it does no harm twice. Default `true`. */
    autoResendUnfulfilledCommands?: boolean | 'true' | 'false';
    /** Wait for a server that loads its data. Default `true`. */
    enableReadyCheck?: boolean | 'true' | 'false';
    /** The longest wait between two questions whether it still loads, in ms. Default 10000. */
    maxLoadingRetryTime?: number | string;
    /** `false` is refused on a worker. */
    autoResubscribe?: boolean | 'true' | 'false';

    /** The Sentinels, in place of host and port. */
    sentinels?: Address[] | null;
    /** What the Sentinels call the master. */
    name?: string | null;
    /** ACL user at the Sentinels. */
    sentinelUsername?: string | null;
    sentinelPassword?: string | null;
    /** Must be true for `tls` together with `sentinels`. */
    enableTLSForSentinelMode?: boolean | 'true' | 'false';
    /** TLS to the Sentinels. */
    sentinelTLS?: TlsOptions | boolean | 'true' | 'false' | null;
    /** When no Sentinel can tell the master. Default `Math.min(times * 10, 1000)`, with jitter. */
    sentinelRetryStrategy?: RetryStrategy;
    /** For a Sentinel that is listened to. Default `Math.min(times * 500, 10000)`, with jitter. */
    sentinelReconnectStrategy?: RetryStrategy;
    /** Limit for one question to a Sentinel, in ms. Default 3000. */
    sentinelCommandTimeout?: number | string | null;
    /** Learn further Sentinels from those that are known. Default `true`. */
    updateSentinels?: boolean | 'true' | 'false';
    /** Listen to at most so many Sentinels. Default 10. */
    sentinelMaxConnections?: number | string;
    /** Listen to the Sentinels. Default `true`. */
    failoverDetector?: boolean | 'true' | 'false';
    /** With `sentinels` or `cluster`. */
    natMap?: NatMap | null;

    /** Nodes of a cluster, in place of host and port. */
    cluster?: Address[] | false | null;
    /** Options of all nodes; those beside it win. */
    redisOptions?: Partial<ValkeyOptions> | null;
    /** When no node can tell the owner. Default `Math.min(100 + times * 2, 2000)`, with jitter. */
    clusterRetryStrategy?: RetryStrategy;
    /** How often a command that a node refused to run is run again. Default 16. */
    maxRedirections?: number | string;
    /** Wait before that, in ms. Default 0. */
    retryDelayOnMoved?: number | string;
    /** Default 100. */
    retryDelayOnFailover?: number | string;
    /** Default 100. */
    retryDelayOnClusterDown?: number | string;
    /** Default 100. */
    retryDelayOnTryAgain?: number | string;
    /** Limit for the question of who owns the slot, in ms. Default 1000. */
    slotsRefreshTimeout?: number | string;

    /** Of the context store, which may share this object. */
    timeout?: unknown;

    // Accepted without effect, with a line in the log.
    lazyConnect?: boolean | 'true' | 'false';
    enableAutoPipelining?: boolean | 'true' | 'false';
    autoPipeliningIgnoredCommands?: unknown[];
    stringNumbers?: boolean | 'true' | 'false';
    replyMapping?: unknown;
    scripts?: object;
    showFriendlyErrorStack?: boolean | 'true' | 'false';
    dropBufferSupport?: boolean | 'true' | 'false';
    maxScriptsCachingTime?: number | string;
    blockingTimeout?: number | string;
    slotsRefreshInterval?: number | string | null;
    shardedSubscribers?: boolean | 'true' | 'false';
    clusterNodeRetryStrategy?: RetryStrategy;

    // Refused by name at start, unless they ask for nothing.
    readOnly?: false | 'false' | null;
    scaleReads?: 'master' | null;
    monitor?: false | 'false' | null;
    Connector?: null;
    sentinelRole?: 'master' | null;
    preferredSlaves?: null;
    dnsLookup?: null;
    useSRVRecords?: false | 'false' | null;
    resolveSrv?: null;
  }

  /** The `code` of every error of ours; docs/operations.md says when each comes and what to do. */
  type ErrorCode =
    | 'ERR_VALKEY_AUTH'
    | 'ERR_VALKEY_BINARY'
    | 'ERR_VALKEY_CLOSED'
    | 'ERR_VALKEY_CONTEXT_LIMIT'
    | 'ERR_VALKEY_CONTEXT_OPERATION'
    | 'ERR_VALKEY_CONTEXT_VALUE'
    | 'ERR_VALKEY_CREDENTIALS'
    | 'ERR_VALKEY_DISK'
    | 'ERR_VALKEY_FLOWS'
    | 'ERR_VALKEY_INTERNAL'
    | 'ERR_VALKEY_LIBRARY_ENTRY'
    | 'ERR_VALKEY_LIBRARY_PATH'
    | 'ERR_VALKEY_NPM'
    | 'ERR_VALKEY_OPTION'
    | 'ERR_VALKEY_OTHER_ADMIN'
    | 'ERR_VALKEY_PERMISSION'
    | 'ERR_VALKEY_READ_ONLY'
    | 'ERR_VALKEY_RELOAD'
    | 'ERR_VALKEY_RELOAD_TIMEOUT'
    | 'ERR_VALKEY_SERVER'
    | 'ERR_VALKEY_TIMEOUT'
    | 'ERR_VALKEY_TLS'
    | 'ERR_VALKEY_UNAVAILABLE'
    | 'ERR_VALKEY_VALUE';
}
