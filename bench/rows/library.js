'use strict';

// A large library: what a worker's listing of a folder costs among few entries and among many, and how
// long an admin takes that finds them all on the server and none on its disk.

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { removeTempDir } = require('../../__test__/support/temp-dir.js');
const { until } = require('../../__test__/support/wait.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { openCoreOf } = require('../measure/core.js');
const { line } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { startNodeRed } = require('../../__test__/support/node-red.js');

const A_FOLDER = 200;
const AT_ONCE = 200;
const PREFIXES = { few: 'few:', many: 'many:', none: 'none:' };

/** Among how much more or less than among few, or without any. */
const times = (limit, than) => ({
  text: `≤ ${limit} × ${than}`,
  of: ({ valkey, other }) => valkey / other,
  show: (figure) => `${figure.toFixed(2)} ×`,
  met: (figure) => figure <= limit
});

const seconds = (limit) => ({
  text: `≤ ${limit} s`,
  of: ({ valkey }) => valkey / 1000,
  show: (figure) => `${figure.toFixed(1)} s`,
  met: (figure) => figure <= limit
});

const ofServer = ({ host, port }, keyPrefix) => ({ host, port, keyPrefix });

/** An admin's library of that many entries, in folders. */
async function fill(server, prefix, entries) {
  const core = openCoreOf('Admin', ofServer(server, prefix));
  try {
    await core.open();
    await until(() => core.health()?.connection === 'ready', { message: 'connection of the core' });
    await core.background.reconcileLibrary(JSON.stringify({ types: [], entries: [] }));
    for (let first = 0; first < entries; first += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, entries - first) }, (_, index) => first + index);
      await Promise.all(
        some.map((number) => {
          const name = `folder-${Math.floor(number / A_FOLDER)}/entry-${number}.js`;
          const entry = { name: `entry ${number}`, fn: `// entry ${number}\nreturn msg;` };
          return core.mirrorLibraryEntry('functions', name, JSON.stringify(entry));
        })
      );
    }
  } finally {
    await core.close();
  }
}

async function measureListings(server, rounds) {
  const names = ['few', 'many'];
  const workers = Object.fromEntries(
    names.map((name) => [name, openCoreOf('Worker', ofServer(server, PREFIXES[name]))])
  );
  try {
    const list = async (name) => {
      const began = performance.now();
      const answer = await workers[name].readLibraryEntry('functions', 'folder-0/');
      const took = performance.now() - began;
      if (JSON.parse(answer).length !== A_FOLDER) {
        throw new Error(`a folder of ${A_FOLDER} was listed as ${answer.slice(0, 200)}`);
      }
      return { took };
    };
    await Promise.all(names.map(list));
    const { took } = await alternate(names, rounds, list, (name) => name);
    return took;
  } finally {
    await Promise.all(Object.values(workers).map((worker) => worker.close()));
  }
}

function startAdmin(server, prefix) {
  const { host, port } = server;
  return startNodeRed({
    role: 'admin',
    connection: { host, port },
    valkey: { keyPrefix: prefix },
    flows: smallFlow('first'),
    wait: false
  });
}

/** An admin whose disk has flows and no library, until its route answers; it is gone after that. */
async function measureStart(server, prefix) {
  const began = performance.now();
  const admin = await startAdmin(server, prefix);
  try {
    await answered(admin, 'first', { interval: 4 });
    return { took: performance.now() - began };
  } finally {
    admin.kill();
    await admin.waitUntilEnded();
    removeTempDir(admin.userDir);
  }
}

function countEntries(userDir) {
  const functions = path.join(userDir, 'lib', 'functions');
  const folders = fs.existsSync(functions) ? fs.readdirSync(functions) : [];
  const isWhole = (name) => name.endsWith('.js');
  return folders.reduce((sum, folder) => sum + fs.readdirSync(path.join(functions, folder)).filter(isWhole).length, 0);
}

/** From the start of an admin until its disk has all entries. */
async function measureRestore(server, prefix, entries, deadline) {
  const began = performance.now();
  const admin = await startAdmin(server, prefix);
  try {
    while (countEntries(admin.userDir) < entries) {
      if (performance.now() - began > deadline) {
        throw new Error(`${countEntries(admin.userDir)} of ${entries} entries on disk after ${deadline} ms`);
      }
      await delay(250);
    }
    return performance.now() - began;
  } finally {
    admin.kill();
    await admin.waitUntilEnded();
    removeTempDir(admin.userDir);
  }
}

module.exports = {
  name: 'library',
  title: 'Library of 100,000 entries',

  async run(context) {
    const many = context.times(100_000, 300);
    const server = await startServer();
    try {
      await fill(server, PREFIXES.few, context.times(1000, 300));
      await fill(server, PREFIXES.many, many);
      const listings = await measureListings(server, context.times(50, 2));
      const starts = await alternate(
        ['none', 'many'],
        context.times(3, 1),
        (name) => measureStart(server, PREFIXES[name]),
        (name) => name
      );
      const restored = await measureRestore(server, PREFIXES.many, many, 60_000);
      const { few, many: among } = listings;
      const { none, many: beside } = starts.took;
      return [
        line('listing of 200 among 100,000', 'ms', { valkey: among, other: few }, times(1.3, 'among 1,000')),
        line(
          'admin: process started until the route answers, 100,000 to be had from the server',
          'ms',
          { valkey: beside, other: none },
          times(1.1, 'with none')
        ),
        line('admin: process started until all are on disk', 'ms', { valkey: [restored] }, seconds(20))
      ];
    } finally {
      await server.stop();
    }
  }
};
