'use strict';

const path = require('node:path');

const { spawnOwned } = require('../../support/own-processes.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');
const { keepLog } = require('./kept-logs.js');
const { loginOf } = require('./users.js');

const SCRIPT = path.join(__dirname, 'admin-process.js');

/** An admin at the addon level that can be killed without this process. */
class AdminChild {
  constructor({ server, userDir = tempDir('admin'), valkey = {}, gap }) {
    this.server = server;
    this.userDir = userDir;
    this.valkey = { ...loginOf('admin'), ...valkey };
    this.gap = gap;
    this.answered = 0;
    this.refused = [];
    this.output = '';
  }

  /** Starts the process; `loaded` is set once it has loaded and runs what it found. */
  spawn() {
    const { host, port } = this.server;
    const given = { server: { host, port }, userDir: this.userDir, valkey: this.valkey, gap: this.gap };
    this.loaded = undefined;
    this.child = spawnOwned(process.execPath, [SCRIPT, JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    });
    this.child.on('error', (error) => {
      this.output += error.message;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.output += text;
      });
    }
    this.child.on('message', (message) => {
      if (message.loaded) {
        this.loaded = message.loaded;
      } else if (message.answered) {
        this.answered = message.answered;
        this.steps = message.steps;
      } else {
        this.refused.push(message);
      }
    });
  }

  async start() {
    this.spawn();
    await until(() => this.loaded || !this.running, { deadline: 20_000, interval: 2, message: 'load of the admin' });
    if (!this.loaded) {
      throw new Error(`the admin ended:\n${this.tail()}`);
    }
    return this.loaded;
  }

  get running() {
    return Boolean(this.child) && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Deploys one after the other, each with a number of its own. */
  deployFrom(version, last, killBefore) {
    this.child.send({ deployFrom: version, until: last, killBefore });
  }

  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    this.child.kill('SIGKILL');
    await until(() => !this.running, { interval: 1, message: 'end of the admin' });
  }

  tail(lines = 40) {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }

  async close() {
    if (this.running) {
      await this.kill();
    }
    keepLog('admin-process', this.output);
  }
}

module.exports = { AdminChild };
