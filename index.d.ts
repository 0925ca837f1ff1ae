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
  /**
   * Yes or no. Of texts only `'true'` and `'false'` count, and the empty one as not given: others are an error at
   * start. Any text is allowed here because that of an environment variable is any.
   */
  type Switch = boolean | 'true' | 'false' | (string & {});

  /** A whole number, or its digits as a text, as an environment variable has them. The empty text: not given. */
  type Whole = number | string;

  /** PEM text or Buffer with one or several certificates, or a DER Buffer. */
  type Certificates = string | Uint8Array;

  /** A private key as PEM text or Buffer, or a DER Buffer. */
  type PrivateKey = string | Uint8Array | { pem: string | Uint8Array; passphrase?: string | undefined };

  /** Gives an error when the certificate is not for the name. */
  type IdentityCheck = (name: string, certificate: import('tls').PeerCertificate) => Error | undefined;

  /**
   * Options of `tls.connect`, as far as they are supported.
   *
   * @example
   * tls: { ca: fs.readFileSync('ca.pem'), cert: fs.readFileSync('client.pem'), key: fs.readFileSync('client.key') }
   */
  interface TlsOptions {
    /** What is trusted. Default: what Node.js trusts, `NODE_EXTRA_CA_CERTS` included. */
    ca?: Certificates | Certificates[] | null | undefined;
    /** Our certificate and its chain. Default: none. */
    cert?: Certificates | Certificates[] | null | undefined;
    /** The key of `cert`. */
    key?: PrivateKey | [PrivateKey] | null | undefined;
    /** Decrypts `key`. */
    passphrase?: string | Uint8Array | null | undefined;
    /** The name that the server's certificate must be for, and that it is told. Default: the host. */
    servername?: string | null | undefined;
    /** `false`: the server's certificate is not checked. Default `true`. */
    rejectUnauthorized?: Switch | null | undefined;
    /** Decides about the name in place of the built-in check; must answer at once. */
    checkServerIdentity?: IdentityCheck | null | undefined;
    /** The lowest version that will do. Default `'TLSv1.2'`. */
    minVersion?: 'TLSv1.2' | 'TLSv1.3' | null | undefined;
    /** The highest version. Default `'TLSv1.3'`. */
    maxVersion?: 'TLSv1.2' | 'TLSv1.3' | null | undefined;
    /** Names of protocols, as in Node.js. Default: none. */
    ALPNProtocols?: Array<string | Uint8Array> | Uint8Array | null | undefined;
    /** Names of OpenSSL, separated by colons. Default: all that are safe. */
    ciphers?: string | null | undefined;
    /** Names of curves, separated by colons. Default: all that are safe. */
    ecdhCurve?: string | null | undefined;

    // What is refused by name at start is not here.
    /** @deprecated Without effect: a certificate of `ca` is trusted as it is. */
    allowPartialTrustChain?: unknown;
    /** @deprecated Without effect. */
    minDHSize?: unknown;
    /** @deprecated Without effect. */
    enableTrace?: unknown;
    /** @deprecated Without effect. */
    requestOCSP?: unknown;
    /** @deprecated Without effect. */
    highWaterMark?: unknown;
    /** @deprecated Without effect: `connectTimeout` beside `tls` is the limit. */
    timeout?: unknown;
    /** @deprecated Without effect: for servers. */
    handshakeTimeout?: unknown;
    /** @deprecated Without effect: for servers. */
    honorCipherOrder?: unknown;
    /** @deprecated Without effect: for servers. */
    requestCert?: unknown;
    /** @deprecated Without effect: for servers. */
    sessionIdContext?: unknown;
    /** @deprecated Without effect: for servers. */
    sessionTimeout?: unknown;
    /** @deprecated Without effect: for servers. */
    ticketKeys?: unknown;
    /** @deprecated Without effect: for servers. */
    SNICallback?: unknown;
    /** @deprecated Without effect: for servers. */
    pskIdentityHint?: unknown;
    /** @deprecated Without effect: for servers. */
    isServer?: unknown;
    /** @deprecated Without effect: for servers. */
    server?: unknown;
  }

  /** An address; `'host:port'` means the same, and a number a port on this machine. */
  type Address = { host?: string | undefined; port?: Whole | undefined } | string | number;

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
    | Record<string, { host: string; port: Whole }>
    | ((announced: string) => { host: string; port: Whole } | null | undefined);

  /** The option `context`. */
  interface ContextOptions {
    /** Bytes of one value. Default 1 MiB. */
    maxValue?: Whole | undefined;
    /** Bytes of all of it. Default 64 MiB. */
    maxTotal?: Whole | undefined;
    /** What the names of another store's keys begin with, which are taken over once. Default: none. */
    importFrom?: string | string[] | null | undefined;
  }

  /**
   * Where probes are answered.
   *
   * @example
   * health: { port: 9080, maxAge: 600 }
   */
  interface HealthOptions {
    /** Port of the listener; 0: one that the system hands out, which the log names. */
    port: Whole;
    /** Address to listen on. Default: every address of the machine. */
    host?: string | null | undefined;
    /** What the paths of the probes begin with. Default `'/health'`. */
    path?: string | null | undefined;
    /**
     * Worker: seconds for which it is ready since what it runs was last seen in Valkey. Default:
     * without end.
     */
    maxAge?: Whole | null | undefined;
  }

  /**
   * The object `valkey` in settings.js. Each option is checked at start.
   *
   * @example
   * module.exports = {
   *   storageModule: require('node-red-storage-valkey'),
   *   valkey: { role: 'worker', host: process.env.REDIS_HOST, password: process.env.REDIS_PASSWORD }
   * };
   */
  interface ValkeyOptions {
    /** `'admin'` has the editor and writes; `'worker'` runs what the admin deployed. Required. */
    role: 'admin' | 'worker';
    /** Every key begins with it. Default `'nodered:'`. */
    keyPrefix?: string | undefined;
    /** Announces a new revision. Default `<keyPrefix>flows:updated`. */
    updateChannel?: string | undefined;
    /** Announces a new package list. Default `<keyPrefix>packages:updated`. */
    packageChannel?: string | undefined;
    /** Write values over 1 KiB as gzip; reading understands every format. Default `false`. */
    enableCompression?: Switch | undefined;
    /** Expiry of the log-in sessions in Valkey, in seconds, renewed by each log-in. Default 86400. */
    sessionTTL?: Whole | undefined;
    /** Worker: how much to restart on an update, as Node-RED's deploy types. Default `'nodes'`. */
    reload?: 'nodes' | 'flows' | 'full' | undefined;
    /** `false`: no secret that decrypts credentials is stored in Valkey. Default `true`. */
    shareCredentialSecret?: Switch | undefined;
    /** Admin: how many replicas have to confirm a deploy within 3 s, or a warning is logged. Default 0. */
    waitReplicas?: Whole | undefined;
    /** `false`: an admin publishes no package list, a worker installs nothing. Default `true`. */
    syncPackages?: Switch | undefined;
    /** Worker: ms that npm may hold up the start, and that a deploy waits for its packages. Default 120000. */
    packageSyncTimeout?: Whole | undefined;
    /**
     * Worker: what happens with a new version of a loaded module. Default `'report'`: the log says that it waits for
     * a restart; `'live'`: it is swapped where that is possible; `'restart'`: the process ends with code 75.
     */
    packageUpgrade?: 'report' | 'live' | 'restart' | undefined;
    /** `false`: npm runs no install scripts. Default: npm's own. */
    packageInstallScripts?: Switch | undefined;
    /** Answer probes on a listener of their own: `<path>/live` and `<path>/ready`. Default `false`. */
    health?: false | 'false' | HealthOptions | null | undefined;
    /** How much the shared context may hold, and what is taken over from another store. Default: see there. */
    context?: ContextOptions | null | undefined;
    /** The server user that writes the shared context. Default: that of the other connections. */
    state?: { username?: string | undefined; password?: string | undefined } | null | undefined;
    /** Names for tabs that run on some instances: letters, digits and `.-_`, or a text with commas. Default: none. */
    labels?: string[] | string | null | undefined;
    /** `false`: this admin edits and deploys, and runs no tab. Default `true`. */
    runFlows?: Switch | undefined;
    /** How long a worker owns a tab that runs once without renewing it, in ms; at least 2000. Default 10000. */
    onceLease?: Whole | undefined;
    /** Worker: what happens with such tabs while Valkey is away. Default `'stop'`. */
    onceWhenAway?: 'stop' | 'keep' | undefined;
    /** `false`: this instance tells the others nothing of itself. Default `true`. */
    report?: Switch | undefined;
    /** Admin: how many deploys, and bytes of them, are kept; `false`: none. Default 200 and 8 MiB. */
    history?: Switch | { entries?: Whole | undefined; bytes?: Whole | undefined } | null | undefined;

    /** TLS, with the options of Node.js; `true`: with what Node.js trusts. Default `false`. */
    tls?: TlsOptions | Switch | null | undefined;

    /** Default `'localhost'`. */
    host?: string | undefined;
    /** Default 6379. */
    port?: Whole | undefined;
    /** Path of a unix socket, in place of host and port. */
    path?: string | undefined;
    /**
     * `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS; options given beside it win.
     *
     * @example
     * url: 'rediss://worker:secret@valkey.example:6380/0'
     */
    url?: string | number | undefined;
    /** Address family of look-ups: 4, 6, or 0 for either. Default 0. */
    family?: 0 | 4 | 6 | (string & {}) | undefined;
    /** ACL user. Default: the server's `default`. */
    username?: string | null | undefined;
    /** Default: none. */
    password?: string | null | undefined;
    /** Database number. Default 0. */
    db?: Whole | undefined;
    /** Version of the protocol: 3 (falls back to 2 by itself) or 2. Default 3. */
    protocol?: 2 | 3 | (string & {}) | undefined;
    /** What the server calls this instance in its list of clients (`CLIENT SETNAME`). Default: none. */
    connectionName?: string | undefined;
    /** Limit for DNS, TCP and handshake together, in ms. Default 10000. */
    connectTimeout?: Whole | undefined;
    /** Limit for one command, in ms. Default: a limit inside. */
    commandTimeout?: Whole | undefined;
    /**
     * The wait before the reconnect number `times`, in ms; anything but a number: never again.
     * Default `Math.min(times * 50, 2000)`, with jitter.
     *
     * @example
     * retryStrategy: (times) => Math.min(times * 200, 5000)
     */
    retryStrategy?: RetryStrategy | undefined;
    /** The server shows the library as `node-red-storage-valkey(tag)`. Default: no tag. */
    clientInfoTag?: string | null | undefined;
    /** Tell the server nothing about the library. Default `false`. */
    disableClientInfo?: Switch | undefined;
    /** Time without a byte from the server after which it is given up, in ms, from 100; 0: none. Default 0. */
    socketTimeout?: Whole | null | undefined;
    /** Time without traffic after which TCP asks for the peer, in ms. Default 5000, as with 0. */
    keepAlive?: Whole | undefined;
    /** Small writes leave at once. Default `true`. */
    noDelay?: Switch | undefined;
    /** Time that commands under way have to end when the connection is closed, in ms. Default 2000. */
    disconnectTimeout?: Whole | undefined;
    /**
     * What to do about an error reply to a command, beside telling the caller. Default: nothing.
     *
     * @example
     * reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false)
     */
    reconnectOnError?: ReconnectOnError | null | undefined;
    /** Commands wait for a connection that was lost less than 3 s ago. Default `true`. */
    enableOfflineQueue?: Switch | undefined;
    /**
     * Each time that so many attempts to connect and one more have failed, all that waits for the connection fails,
     * too; `null`: it fails by time only. Default 20.
     */
    maxRetriesPerRequest?: Whole | null | undefined;
    /** What had no answer is sent again if it does no harm twice. Default `true`. */
    autoResendUnfulfilledCommands?: Switch | undefined;
    /** Wait for a server that loads its data. Default `true`. */
    enableReadyCheck?: Switch | undefined;
    /** The longest wait between two questions whether it still loads, in ms. Default 10000. */
    maxLoadingRetryTime?: Whole | undefined;
    /** `false` is refused on a worker. Default `true`. */
    autoResubscribe?: Switch | undefined;

    /**
     * The Sentinels, in place of host and port; a port not given is 26379.
     *
     * @example
     * sentinels: [{ host: 'sentinel-1', port: 26379 }, 'sentinel-2:26379']
     */
    sentinels?: Address[] | null | undefined;
    /** What the Sentinels call the master. Required with `sentinels`. */
    name?: string | null | undefined;
    /** ACL user at the Sentinels. Default: their `default`. */
    sentinelUsername?: string | null | undefined;
    /** Of the Sentinels; `password` is for the servers. Default: none. */
    sentinelPassword?: string | null | undefined;
    /** Must be true for `tls` together with `sentinels`. Default `false`. */
    enableTLSForSentinelMode?: Switch | undefined;
    /** TLS to the Sentinels. Default `false`. */
    sentinelTLS?: TlsOptions | Switch | null | undefined;
    /** The wait in ms when no Sentinel can tell the master. Default `Math.min(times * 10, 1000)`, with jitter. */
    sentinelRetryStrategy?: RetryStrategy | undefined;
    /** The wait in ms for a Sentinel that is listened to. Default `Math.min(times * 500, 10000)`, with jitter. */
    sentinelReconnectStrategy?: RetryStrategy | undefined;
    /** Limit for one question to a Sentinel, in ms. Default 3000. */
    sentinelCommandTimeout?: Whole | null | undefined;
    /** Learn further Sentinels from those that are known. Default `true`. */
    updateSentinels?: Switch | undefined;
    /** Listen to at most so many Sentinels. Default 10. */
    sentinelMaxConnections?: Whole | undefined;
    /** Listen to the Sentinels. Default `true`. */
    failoverDetector?: Switch | undefined;
    /**
     * With `sentinels` or `cluster`: where servers are reached that announce other addresses. Default: none.
     *
     * @example
     * natMap: { '10.0.0.1:6379': { host: 'valkey.example', port: 16379 } }
     */
    natMap?: NatMap | null | undefined;

    /**
     * Nodes of a cluster, in place of host and port; the others are learned.
     *
     * @example
     * cluster: [{ host: 'node-1', port: 6379 }, 'node-2:6379']
     */
    cluster?: Address[] | false | null | undefined;
    /** Options of all nodes, as ioredis' `Cluster` takes them; those beside it win. Default: none. */
    redisOptions?: Partial<ValkeyOptions> | null | undefined;
    /** The wait in ms when no node can tell the owner. Default `Math.min(100 + times * 2, 2000)`, with jitter. */
    clusterRetryStrategy?: RetryStrategy | undefined;
    /** How often a command that a node refused to run is run again. Default 16. */
    maxRedirections?: Whole | undefined;
    /** Wait before that when the slot has moved, in ms. Default 0. */
    retryDelayOnMoved?: Whole | undefined;
    /** Wait before that when there is no connection, in ms. Default 100. */
    retryDelayOnFailover?: Whole | undefined;
    /** Wait before that when the cluster is down, in ms. Default 100. */
    retryDelayOnClusterDown?: Whole | undefined;
    /** Wait before that when the slot is being moved, in ms. Default 100. */
    retryDelayOnTryAgain?: Whole | undefined;
    /** Limit for the question of who owns the slot, in ms. Default 1000. */
    slotsRefreshTimeout?: Whole | undefined;

    /** Of the context store, which may share this object. */
    timeout?: unknown;

    // Accepted, with a line in the log.
    /** @deprecated Without effect: a storage module connects at start. */
    lazyConnect?: Switch | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    enableAutoPipelining?: Switch | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    autoPipeliningIgnoredCommands?: unknown[] | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    stringNumbers?: Switch | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    replyMapping?: unknown;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    scripts?: object | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    showFriendlyErrorStack?: Switch | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    dropBufferSupport?: Switch | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    maxScriptsCachingTime?: Whole | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    blockingTimeout?: Whole | undefined;
    /** @deprecated Without effect: a moved slot is noticed when it is used. */
    slotsRefreshInterval?: Whole | null | undefined;
    /** @deprecated Without effect: there is nothing here for it to act on. */
    shardedSubscribers?: Switch | undefined;
    /** @deprecated Without effect: `retryStrategy` is used. */
    clusterNodeRetryStrategy?: RetryStrategy | undefined;

    // Refused by name at start, unless they ask for nothing.
    /** @deprecated Refused: an admin writes, and a worker must read what was written last. */
    readOnly?: false | 'false' | null | undefined;
    /** @deprecated Refused: only the master serves. */
    scaleReads?: 'master' | null | undefined;
    /** @deprecated Refused: run `valkey-cli monitor` instead. */
    monitor?: false | 'false' | null | undefined;
    /** @deprecated Refused: the connection is not made in JavaScript. */
    Connector?: null | undefined;
    /** @deprecated Refused: only the master serves. */
    sentinelRole?: 'master' | null | undefined;
    /** @deprecated Refused: only the master serves. */
    preferredSlaves?: null | undefined;
    /** @deprecated Refused: list the nodes by name, or replace addresses with `natMap`. */
    dnsLookup?: null | undefined;
    /** @deprecated Refused: list the nodes by name, or replace addresses with `natMap`. */
    useSRVRecords?: false | 'false' | null | undefined;
    /** @deprecated Refused: list the nodes by name, or replace addresses with `natMap`. */
    resolveSrv?: null | undefined;
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
    | 'ERR_VALKEY_HISTORY'
    | 'ERR_VALKEY_INTERNAL'
    | 'ERR_VALKEY_LIBRARY_ENTRY'
    | 'ERR_VALKEY_LIBRARY_PATH'
    | 'ERR_VALKEY_NPM'
    | 'ERR_VALKEY_OPTION'
    | 'ERR_VALKEY_OTHER_ADMIN'
    | 'ERR_VALKEY_PERMISSION'
    | 'ERR_VALKEY_PLACEMENT'
    | 'ERR_VALKEY_READ_ONLY'
    | 'ERR_VALKEY_RELOAD'
    | 'ERR_VALKEY_RELOAD_TIMEOUT'
    | 'ERR_VALKEY_SERVER'
    | 'ERR_VALKEY_TIMEOUT'
    | 'ERR_VALKEY_TLS'
    | 'ERR_VALKEY_UNAVAILABLE'
    | 'ERR_VALKEY_VALUE';
}
