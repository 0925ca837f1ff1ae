'use strict';

// What this project is compared with: the storage module that everybody writes first. ioredis, gzip,
// pub/sub, and a full load on each update. It works as admin and as worker; `settings.plain` is
// `{ role, host, port, prefix }`. It is for the benchmark alone: it loses deploys in a failover, runs
// torn pairs of flows and credentials, and has no copy to start from.

const { promisify } = require('node:util');
const zlib = require('node:zlib');
const Redis = require('ioredis');

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

let options;
let runtime;
let client;
let subscriber;
let settingsOfWorker = {};

const key = (name) => `${options.prefix}${name}`;
const isWorker = () => options.role === 'worker';
const pack = (value) => gzip(JSON.stringify(value));

async function read(name, otherwise) {
  const stored = await client.getBuffer(key(name));
  return stored ? JSON.parse(String(await gunzip(stored))) : otherwise;
}

async function write(name, value) {
  if (!isWorker()) {
    await client.set(key(name), await pack(value));
  }
}

/** One load at a time; what is announced meanwhile is loaded after it. */
let loading = false;
let again = false;
async function loadAnew() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  do {
    again = false;
    try {
      await runtime.nodes.loadFlows(true);
    } catch (error) {
      runtime.log.error(`[plain] ${error.message}`);
    }
  } while (again);
  loading = false;
}

module.exports = {
  async init(settings, nodeRed) {
    options = settings.plain;
    runtime = nodeRed;
    const { host, port } = options;
    client = new Redis({ host, port });
    client.on('error', () => {});
    if (isWorker()) {
      subscriber = new Redis({ host, port });
      subscriber.on('error', () => {});
      subscriber.on('message', loadAnew);
      await subscriber.subscribe(key('updated'));
    }
  },

  getFlows: () => read('flows', []),
  async saveFlows(flows) {
    if (!isWorker()) {
      await client.set(key('flows'), await pack(flows));
      await client.publish(key('updated'), String(Date.now()));
    }
  },

  getCredentials: () => read('credentials', {}),
  saveCredentials: (credentials) => write('credentials', credentials),

  async getSettings() {
    const shared = await read('settings', {});
    return isWorker() ? { ...shared, ...settingsOfWorker } : shared;
  },
  async saveSettings(settings) {
    if (isWorker()) {
      settingsOfWorker = { ...settings };
    } else {
      await write('settings', settings);
    }
  },

  getSessions: () => read('sessions', {}),
  saveSessions: (sessions) => write('sessions', sessions),

  async getLibraryEntry(type, path) {
    const entries = await client.hkeys(key(`library:${type}`));
    if (entries.includes(path)) {
      return JSON.parse(await client.hget(key(`library:${type}`), path)).body;
    }
    const folder = path === '' || path.endsWith('/') ? path : `${path}/`;
    const below = entries.filter((entry) => entry.startsWith(folder)).map((entry) => entry.slice(folder.length));
    const folders = new Set(below.filter((name) => name.includes('/')).map((name) => name.split('/')[0]));
    const files = below.filter((name) => !name.includes('/')).map((fn) => ({ fn }));
    return [...folders, ...files];
  },
  async saveLibraryEntry(type, path, meta, body) {
    if (!isWorker()) {
      await client.hset(key(`library:${type}`), path, JSON.stringify({ meta, body }));
    }
  }
};
