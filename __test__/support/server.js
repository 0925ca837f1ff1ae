'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const Redis = require('ioredis');
const { findServer } = require('../../scripts/valkey-server.js');
const { spawnOwned, killGroup } = require('./own-processes.js');
const { freePort } = require('./port.js');
const { tempDir } = require('./temp-dir.js');
const { until } = require('./wait.js');

const HOST = '127.0.0.1';
/** The only prebuilt server that has TLS in it. */
const TLS_FLAVOUR = 'redis-7';
const START_DEADLINE = 30_000;
const STOP_DEADLINE = 5_000;
const PORT_DEADLINE = 20_000;

/** Resolves when the server answers PING; a server that wants a password has answered too. */
function ping(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: HOST });
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer to PING')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('connection closed')));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => {
      const text = String(answer);
      if (/^(\+PONG|-NOAUTH|-NOPERM)/.test(text)) {
        resolve();
      } else {
        reject(new Error(text.trim()));
      }
      socket.destroy();
    });
  });
}

/** One server process and what has been opened on it. */
class Server {
  constructor(binary, options) {
    this.binary = binary;
    this.version = binary.version;
    this.flavour = binary.flavour;
    this.host = HOST;
    this.options = options;
    this.dir = options.dir || tempDir('server');
    this.password = options.requirepass;
    this.socketPath = options.unixSocket ? path.join(this.dir, 'server.sock') : undefined;
    this.logFile = path.join(this.dir, 'server.log');
    this.clients = new Set();
  }

  get pid() {
    return this.child?.pid;
  }

  get running() {
    return Boolean(this.child) && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The server's own log so far. */
  get log() {
    return fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, 'utf8') : '';
  }

  writeConfig() {
    const { users = [], lines: further = [], aclFile, requirepass, persist, tls, args = [] } = this.options;
    const lines = [
      `bind ${HOST}`,
      `port ${this.port}`,
      `dir "${this.dir}"`,
      'save ""',
      `appendonly ${persist ? 'yes' : 'no'}`,
      'appendfsync always',
      'daemonize no',
      ...(this.socketPath ? [`unixsocket "${this.socketPath}"`, 'unixsocketperm 700'] : []),
      ...(requirepass ? [`requirepass "${requirepass}"`] : []),
      ...(aclFile ? [`aclfile "${aclFile}"`] : []),
      ...(tls ? this.tlsLines(tls) : []),
      ...users,
      ...further
    ];
    const file = path.join(this.dir, 'server.conf');
    fs.writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return [file, ...args.map(String)];
  }

  tlsLines({ cert, key, clients }) {
    return [
      `tls-port ${this.tlsPort}`,
      `tls-cert-file "${cert}"`,
      `tls-key-file "${key}"`,
      `tls-ca-cert-file "${clients || cert}"`,
      `tls-auth-clients ${clients ? 'yes' : 'no'}`
    ];
  }

  /** Replaces its certificate while it runs. */
  async useCertificate({ cert, key }) {
    await this.client().config('SET', 'tls-cert-file', cert, 'tls-key-file', key);
  }

  async launch() {
    const args = this.writeConfig();
    const from = this.log.length;
    const log = fs.openSync(this.logFile, 'a');
    try {
      this.child = spawnOwned(this.binary.path, args, { cwd: this.dir, stdio: ['ignore', log, log] });
    } finally {
      fs.closeSync(log);
    }
    this.child.on('error', (error) => fs.appendFileSync(this.logFile, `${error.message}\n`));
    const tail = () => `its log ends:\n${this.log.slice(from).split('\n').slice(-25).join('\n')}`;
    let ended = false;
    await until(
      async () => {
        ended = !this.running;
        if (!ended) {
          await ping(this.port);
        }
        return true;
      },
      { deadline: START_DEADLINE, message: () => `answer from ${this.flavour} on ${this.port}; ${tail()}` }
    );
    if (ended) {
      throw new Error(`${this.flavour} on port ${this.port} ended at once; ${tail()}`);
    }
  }

  async start() {
    const attempts = this.options.port ? 1 : 5;
    for (let attempt = 1; ; attempt += 1) {
      this.port = this.options.port || (await freePort());
      this.tlsPort = this.options.tls && (await freePort());
      try {
        await this.launch();
        return this;
      } catch (error) {
        await this.end('SIGKILL');
        // The port may have been taken since it was handed out.
        if (attempt === attempts || !/address already in use|Failed listening/i.test(error.message)) {
          throw error;
        }
      }
    }
  }

  async end(signal) {
    if (!this.running) {
      return;
    }
    this.child.kill('SIGCONT');
    this.child.kill(signal);
    try {
      await until(() => !this.running, { deadline: STOP_DEADLINE, interval: 5, message: 'end of the server' });
    } catch {
      killGroup(this.pid, 'SIGKILL');
      await until(() => !this.running, { deadline: STOP_DEADLINE, interval: 5, message: 'end of the killed server' });
    }
  }

  /** Ends the server and every client made here, in an orderly way. */
  async stop() {
    for (const client of this.clients) {
      client.disconnect();
    }
    this.clients.clear();
    await this.end('SIGTERM');
  }

  /** Ends the server with the signal, and waits until it is gone. */
  async kill(signal = 'SIGKILL') {
    await this.end(signal);
  }

  /** Freezes the server: connections stay open, nothing is answered. */
  pause() {
    this.child.kill('SIGSTOP');
  }

  resume() {
    this.child.kill('SIGCONT');
  }

  /**
   * Starts it again on the same port, having stopped it first when it runs. Without `persist`,
   * or with `empty`, it comes back without any key.
   */
  async restart({ empty = false, signal = 'SIGTERM' } = {}) {
    await this.end(signal);
    if (empty) {
      for (const name of fs.readdirSync(this.dir)) {
        if (/\.(rdb|aof)$|^appendonlydir$/.test(name)) {
          fs.rmSync(path.join(this.dir, name), { recursive: true });
        }
      }
    }
    // Where ports are not held, an outgoing connection may have been given this one meanwhile.
    const end = performance.now() + PORT_DEADLINE;
    for (;;) {
      try {
        await this.launch();
        return this;
      } catch (error) {
        await this.end('SIGKILL');
        if (performance.now() > end || !/address already in use|Failed listening/i.test(error.message)) {
          throw error;
        }
        await delay(200);
      }
    }
  }

  /**
   * A client that is independent of the module under test.
   *
   * @param {import('ioredis').RedisOptions} [options]
   */
  client(options = {}) {
    const client = new Redis({
      host: HOST,
      port: this.port,
      password: this.password,
      retryStrategy: () => 50,
      ...options
    });
    client.on('error', () => {});
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    return client;
  }

  /**
   * Tells of every command from here on (event `monitor`).
   *
   * ioredis fails when the first line comes together with the answer to MONITOR, so no client of the
   * test's may still be introducing itself.
   */
  async monitor() {
    const root = this.client({ disableClientInfo: true });
    await Promise.all([...this.clients].map((client) => client.ping()));
    return root.monitor();
  }
}

/**
 * Starts a real server on 127.0.0.1 and waits until it answers.
 *
 * @param {object} [options]
 * @param {string[]} [options.args] more command line arguments, e.g. ['--maxmemory', '2mb']
 * @param {string[]} [options.users] `user …` lines (see acl.js)
 * @param {string[]} [options.lines] further lines of the configuration file
 * @param {string} [options.aclFile] path of an ACL file, in place of `users`
 * @param {string} [options.requirepass]
 * @param {number} [options.port] otherwise one that the system hands out
 * @param {string} [options.dir] otherwise a temporary one
 * @param {string} [options.flavour] 'valkey-9' (default when it can be had), 'redis-6', …
 * @param {boolean} [options.persist] keep the keys over a restart (append-only file)
 * @param {{cert: string, key: string, clients?: string}} [options.tls] speak TLS on `tlsPort` too,
 *   with these PEM files; `clients`: only with those who have a certificate of this authority
 * @param {boolean} [options.unixSocket] listen on `socketPath` too
 * @returns {Promise<Server>}
 */
async function startServer(options = {}) {
  const binary = await findServer({ flavour: options.flavour || (options.tls && TLS_FLAVOUR), preferValkey: true });
  return new Server(binary, options).start();
}

module.exports = { startServer };
