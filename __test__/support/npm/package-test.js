'use strict';

// An admin and workers whose npm asks a package server of the test's own, and what their lists
// and disks hold.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { isDeepStrictEqual, promisify } = require('node:util');

const { PREFIX, startServerWithUsers, startInstance } = require('../../e2e/support/admin-and-workers.js');
const { NPM, npmEnvironment } = require('./runs.js');
const { startPackageServer } = require('./registry.js');
const { tempDir } = require('../temp-dir.js');
const { until } = require('../wait.js');

const KEY = `${PREFIX}packages`;
const CHANNEL = `${PREFIX}packages:updated`;
/** npm runs on a busy machine, and Node-RED after it. */
const DEADLINE = 60_000;

/** npm as an operator runs it in a user directory. */
function npm(dir, ...args) {
  const env = { ...process.env, ...npmEnvironment() };
  return promisify(execFile)(process.execPath, [NPM, ...args], { cwd: dir, env, timeout: 2 * DEADLINE });
}

class PackageTest {
  async open(options = {}) {
    this.instances = [];
    this.registry = await startPackageServer();
    this.server = await startServerWithUsers(options);
    this.client = this.server.client();
    return this;
  }

  /** A user directory whose npm asks the package server, with packages as an operator installs them. */
  async userDir(role, packages = []) {
    const dir = tempDir(role);
    this.registry.npmrc(dir);
    if (packages.length > 0) {
      fs.writeFileSync(path.join(dir, 'package.json'), '{"name":"node-red-project","version":"0.0.1","private":true}');
      await npm(dir, 'install', '--save-prefix=~', '--', ...packages);
    }
    return dir;
  }

  /**
   * Starts an instance; `packages` (`name@version`) are installed there before.
   *
   * @param {'admin'|'worker'} role
   */
  async start(role, { packages, userDir, env, ...options } = {}) {
    const instance = await startInstance(role, options.server || this.server, {
      ...options,
      userDir: userDir || (await this.userDir(role, packages)),
      env: { ...npmEnvironment(), ...env },
      deadline: options.deadline || DEADLINE
    });
    this.instances.push(instance);
    return instance;
  }

  admin(options) {
    return this.start('admin', { flows: [], ...options });
  }

  worker(options) {
    return this.start('worker', options);
  }

  /** Leaves a deploy in Valkey, and no admin that would replace what a test stores. */
  async deployed(flows, options) {
    const admin = await this.admin({ flows, ...options });
    await until(() => this.client.exists(`${PREFIX}revision`), { deadline: DEADLINE, message: 'a stored revision' });
    await admin.stop();
  }

  /** Stores a list, or whatever a text or Buffer is, and announces it. */
  async store(list, { announce = list } = {}) {
    const text = (value) => (typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
    await this.client.multi().set(KEY, text(list)).publish(CHANNEL, text(announce)).exec();
  }

  /** The stored list; `null` when there is none. */
  async list() {
    return JSON.parse(await this.client.get(KEY));
  }

  /** Waits until this list is stored; others that were seen on the way are told when it does not come. */
  untilList(wanted, deadline = DEADLINE) {
    let last;
    return until(
      async () => {
        last = await this.list();
        return isDeepStrictEqual(last, wanted);
      },
      { deadline, message: () => `list ${JSON.stringify(wanted)} (last: ${JSON.stringify(last)})` }
    );
  }

  async close() {
    // Whoever hangs in npm is not to hold up the end.
    this.registry.slow('*', 0);
    await Promise.all(this.instances.map((instance) => instance.stop().catch(() => instance.kill())));
    await this.server.stop();
    await this.registry.close();
  }
}

/** A test that has a package server and a Valkey of its own: `body(t, cluster)`. */
function packageTest(name, body, options) {
  test(name, async (t) => {
    const cluster = new PackageTest();
    try {
      await cluster.open(options);
      await body(t, cluster);
    } finally {
      await cluster.close();
    }
  });
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The version of a package on the disk of an instance. */
function versionOnDisk(instance, name) {
  return readJson(path.join(instance.userDir, 'node_modules', ...name.split('/'), 'package.json'))?.version;
}

/** The `dependencies` in the user directory of an instance. */
function dependenciesOf(instance) {
  return readJson(path.join(instance.userDir, 'package.json'))?.dependencies || {};
}

/** Waits until packages are on disk, and among the dependencies, as wanted: `{ <name>: version | undefined }`. */
function untilOnDisk(instance, wanted, deadline = DEADLINE) {
  const found = () => Object.fromEntries(Object.keys(wanted).map((name) => [name, versionOnDisk(instance, name)]));
  const listed = ([name, version]) => name in dependenciesOf(instance) === (version !== undefined);
  return until(() => isDeepStrictEqual(found(), wanted) && Object.entries(wanted).every(listed), {
    deadline,
    message: () =>
      `${JSON.stringify(wanted)} on disk (found ${JSON.stringify(found())} and the dependencies ` +
      `${JSON.stringify(dependenciesOf(instance))}); the log ends:\n${instance.tail()}`
  });
}

module.exports = {
  CHANNEL,
  DEADLINE,
  KEY,
  dependenciesOf,
  npm,
  packageTest,
  untilOnDisk,
  versionOnDisk
};
