'use strict';

// Deploys many times through one admin and one worker, and prints what the process takes half way
// and at the end.

const fs = require('node:fs');

const { openInstance } = require('./addon.js');
const { until } = require('../../support/wait.js');

const { server, deploys, users } = JSON.parse(process.argv[2]);

async function look() {
  // What has been freed reaches the system in its own time: the least of some looks counts.
  let rss = Infinity;
  for (let i = 0; i < 10; i += 1) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
    rss = Math.min(rss, process.memoryUsage().rss);
  }
  const descriptors = process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0;
  return { rss, heap: process.memoryUsage().heapUsed, descriptors };
}

async function main() {
  const admin = await openInstance({ role: 'admin', server, valkey: users.admin });
  const worker = await openInstance({ role: 'worker', server, valkey: users.worker, wait: false });
  let half;
  for (let version = 1; version <= deploys; version += 1) {
    await admin.deploy(version);
    admin.ran.length = 0;
    if (version % 10 === 0) {
      await until(() => worker.version === version, { interval: 2, message: `deploy ${version} on the worker` });
      worker.ran.splice(0, worker.ran.length - 1);
      admin.lines.length = 0;
      worker.lines.length = 0;
    }
    if (version === deploys / 2) {
      half = await look();
    }
  }
  const end = await look();
  console.log(JSON.stringify({ half, end }));
  await admin.close();
  await worker.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
