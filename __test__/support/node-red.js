'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { defaultSettings } = require('./instance-settings.js');
const { spawnOwned, killGroup } = require('./own-processes.js');
const { freePort } = require('./port.js');
const { raw, settingsSource } = require('./settings-source.js');
const { tempDir } = require('./temp-dir.js');
const { until } = require('./wait.js');

const ROOT = path.join(__dirname, '..', '..');
const HOST = '127.0.0.1';
const START_DEADLINE = 60_000;
const STOP_DEADLINE = 30_000;
const STARTED = /Started (modified )?(flows|nodes)|Flows stopped in safe mode|Waiting for missing types/;
const LISTENING = /Server now running at/;
const PORT_TAKEN = /EADDRINUSE|port in use/i;

/** The Node-RED and the Node.js of every instance that wants no other; see `npm run test:matrix`. */
const NODE_RED = process.env.TEST_NODE_RED || path.join(ROOT, 'node_modules', 'node-red');
const NODE = process.env.TEST_NODE || process.execPath;

/** What is started by name, npm by Node-RED above all, is what lies beside that Node.js. */
function pathFor(node) {
  const { PATH = '' } = process.env;
  return node === process.execPath ? PATH : [path.dirname(node), PATH].join(path.delimiter);
}

function childEnvironment(env, node) {
  const inherited = { ...process.env, PATH: pathFor(node) };
  for (const name of Object.keys(inherited)) {
    if (/^(NODE_TEST_|NODE_OPTIONS$|NODE_RED_|NODE_V8_COVERAGE$|FLOWS$|PORT$)/.test(name)) {
      delete inherited[name];
    }
  }
  return { ...inherited, ...env };
}

/** A real Node-RED process. */
class NodeRed {
  constructor(options) {
    this.options = options;
    this.userDir = options.home
      ? path.join(options.home, '.node-red')
      : options.userDir || tempDir(options.role || 'node-red');
    this.logs = '';
  }

  get pid() {
    return this.child?.pid;
  }

  get running() {
    return Boolean(this.child) && this.child.exitCode === null && this.child.signalCode === null;
  }

  get url() {
    return `http://${HOST}:${this.port}`;
  }

  /** Writes the settings.js of this instance; gives its path. */
  writeSettings() {
    const { settings = {}, settingsHead } = this.options;
    const text =
      typeof settings === 'string'
        ? settings
        : settingsSource({ ...defaultSettings(this.options, this.port), ...settings }, settingsHead);
    const file = path.join(this.userDir, 'settings.js');
    // Kept by the operator, and read-only when a test makes the folder so.
    if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
      fs.writeFileSync(file, text);
    }
    return file;
  }

  writeFiles() {
    const { flows, files } = this.options;
    fs.mkdirSync(this.userDir, { recursive: true });
    this.settingsFile = this.options.settingsFile || this.writeSettings();
    const all = flows ? { 'flows.json': flows, ...files } : files || {};
    for (const [name, content] of Object.entries(all)) {
      const file = path.join(this.userDir, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(
        file,
        typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)
      );
    }
  }

  launch() {
    const { env, safe, args = [], node = [NODE], nodeRed = NODE_RED, home } = this.options;
    this.logs = '';
    this.child = spawnOwned(
      node[0],
      [
        ...node.slice(1),
        path.join(nodeRed, 'red.js'),
        ...(home ? [] : ['--userDir', this.userDir]),
        '--settings',
        this.settingsFile,
        '--port',
        String(this.port),
        ...(safe ? ['--safe'] : []),
        ...args
      ],
      {
        cwd: home || this.userDir,
        env: childEnvironment(home ? { HOME: home, ...env } : env, node.at(-1)),
        stdio: ['ignore', 'pipe', 'pipe']
      }
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.logs += text;
        this.options.onOutput?.(text);
      });
    }
    this.child.on('error', (error) => {
      this.logs += error.message;
    });
  }

  async start() {
    const { port, wait = 'started', deadline } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      this.port = port || (await freePort());
      this.writeFiles();
      this.launch();
      try {
        if (wait === 'started') {
          await this.waitUntilStarted({ deadline });
        } else if (wait === 'listening') {
          await this.waitUntilListening({ deadline });
        }
        return this;
      } catch (error) {
        const taken = PORT_TAKEN.test(this.logs);
        this.kill();
        // The port may have been taken since it was handed out.
        if (port || !taken || attempt === 5) {
          throw error;
        }
      }
    }
  }

  /** Position in the log, to wait for what comes after it. */
  mark() {
    return this.logs.length;
  }

  /**
   * Waits for a line of the log; returns the match.
   *
   * @param {RegExp} pattern
   * @param {number | {deadline?: number, from?: number}} [options] the deadline in ms, or both
   */
  async waitForLog(pattern, options = {}) {
    const { deadline = 30_000, from = 0 } = typeof options === 'number' ? { deadline: options } : options;
    let ended;
    const match = await until(
      () => {
        // In this order: what was printed at the very end has been read once the process is gone.
        ended = !this.running && this.child.stdout.readableEnded;
        return pattern.exec(this.logs.slice(from)) || ended;
      },
      { deadline, interval: 10, message: () => `${pattern} in the log, which ends:\n${this.tail()}` }
    );
    if (match === true) {
      throw new Error(`Node-RED ended without ${pattern} in the log, which ends:\n${this.tail()}`);
    }
    return match;
  }

  tail(lines = 40) {
    return this.logs.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Waits until its HTTP server is up; flows may not run yet. */
  async waitUntilListening({ deadline = START_DEADLINE } = {}) {
    await this.waitForLog(LISTENING, { deadline });
  }

  /** Waits until its HTTP server is up and it has started its flows. */
  async waitUntilStarted({ deadline = START_DEADLINE } = {}) {
    await this.waitUntilListening({ deadline });
    await this.waitForLog(STARTED, { deadline });
  }

  /**
   * One HTTP request on a connection of its own.
   *
   * @returns {Promise<{status: number, headers: object, text: string, json: () => any}>}
   */
  http(target, { method = 'GET', headers = {}, body, deadline = 30_000, agent = false } = {}) {
    const payload =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request(
        `${this.url}${target}`,
        {
          method,
          agent,
          headers: {
            ...(payload !== body ? { 'Content-Type': 'application/json' } : {}),
            ...(payload === undefined ? {} : { 'Content-Length': Buffer.byteLength(payload) }),
            ...headers
          }
        },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
          });
        }
      );
      request.setTimeout(deadline, () =>
        request.destroy(new Error(`no answer to ${method} ${target} in ${deadline} ms`))
      );
      request.on('error', reject);
      request.end(payload);
    });
  }

  /** A request to the admin API; anything but success is an error that has `status` and `body`. */
  async admin(target, { token, headers, ...options } = {}) {
    const root = this.options.settings?.httpAdminRoot || '';
    const response = await this.http(`${root.replace(/\/$/, '')}${target}`, {
      ...options,
      headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers }
    });
    if (response.status >= 300) {
      const error = new Error(`${options.method || 'GET'} ${target} gave ${response.status}: ${response.text}`);
      throw Object.assign(error, { status: response.status, body: response.text });
    }
    return response;
  }

  /**
   * Deploys through the admin API, as the editor does.
   *
   * @param {object[]} flows credentials may stand on the nodes, as in the editor
   * @param {{credentials?: object, type?: 'full'|'nodes'|'flows'|'reload', rev?: string, token?: string,
   *   deadline?: number}} [options]
   * @returns {Promise<{rev: string}>}
   */
  async deploy(flows, { credentials, type = 'full', rev, token, deadline } = {}) {
    const response = await this.admin('/flows', {
      method: 'POST',
      token,
      deadline,
      headers: { 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': type },
      body: { flows, credentials, rev }
    });
    return response.json();
  }

  /** @returns {Promise<{flows: object[], rev: string}>} */
  async getFlows({ token } = {}) {
    const response = await this.admin('/flows', { token, headers: { 'Node-RED-API-Version': 'v2' } });
    return response.json();
  }

  /** Ends it as an operator does; returns how many ms it took. */
  async stop({ signal = 'SIGTERM', deadline = STOP_DEADLINE } = {}) {
    if (!this.running) {
      return 0;
    }
    const begin = performance.now();
    this.child.kill(signal);
    try {
      await until(() => !this.running, { deadline, interval: 2, message: () => `end after ${signal}; ${this.tail()}` });
    } catch (error) {
      this.kill();
      throw error;
    }
    return performance.now() - begin;
  }

  /** Ends it, and what it started, as a power cut does. */
  kill(signal = 'SIGKILL') {
    if (this.running) {
      killGroup(this.pid, signal);
    }
  }

  /** Waits for its end, whoever brought it about. */
  async waitUntilEnded(deadline = STOP_DEADLINE) {
    await until(() => !this.running, { deadline, message: () => `end of Node-RED; ${this.tail()}` });
  }

  /** Freezes the process, as a suspended virtual machine does. */
  pause() {
    this.child.kill('SIGSTOP');
  }

  resume() {
    this.child.kill('SIGCONT');
  }

  /** Ends it and starts it again on the same port and folder, with options changed as given. */
  async restart(changed = {}) {
    await this.stop();
    // What was put on its disk for the first start has been used, and may have changed since.
    const written = { flows: undefined, files: undefined };
    this.options = { ...this.options, ...written, ...changed, port: this.port, userDir: this.userDir };
    return this.start();
  }
}

/**
 * Starts a real Node-RED process on a port that the system hands out.
 *
 * @param {object} [options]
 * @param {'admin'|'worker'} [options.role] without it, Node-RED's own default storage
 * @param {object} [options.server] of server.js: its host, port and password go into the settings
 * @param {{username: string, password: string}} [options.user] ACL user on that server
 * @param {object} [options.connection] connection options in place of, or over, `server`
 * @param {object} [options.valkey] further options of `settings.valkey`
 * @param {object | string} [options.settings] over the defaults; may hold functions and raw();
 *   a string is the whole settings.js
 * @param {string} [options.settingsFile] path of a settings.js to be used in place of all that
 * @param {string} [options.settingsHead] source text before the export
 * @param {string} [options.userDir] otherwise a temporary one
 * @param {string} [options.home] a home directory, whose user directory Node-RED has to find by itself
 * @param {object[]} [options.flows] content of flows.json
 * @param {Record<string, any>} [options.files] further files in the user directory
 * @param {Record<string, string>} [options.env]
 * @param {boolean} [options.httpAdmin] the editor and its API; by default not on a worker
 * @param {boolean} [options.safe] --safe
 * @param {string[]} [options.args] further command line arguments
 * @param {string} [options.nodeRed] folder of another Node-RED; for all: TEST_NODE_RED
 * @param {string[]} [options.node] command that starts another Node.js; its path for all: TEST_NODE
 * @param {'started'|'listening'|false} [options.wait] how long to wait; by default until flows run
 * @param {number} [options.deadline] of that, in ms
 * @param {(text: string) => void} [options.onOutput]
 */
async function startNodeRed(options = {}) {
  return new NodeRed(options).start();
}

module.exports = { NODE_RED, startNodeRed, raw };
