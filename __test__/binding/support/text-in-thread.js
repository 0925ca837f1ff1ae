'use strict';

// A thread that is given texts and keeps them until it ends: by itself, or because its parent ends it.

const { parentPort, workerData } = require('node:worker_threads');
const { openAdminCore } = require('./admin-core.js');

async function main() {
  const core = await openAdminCore({ port: 1, userDir: workerData.userDir });
  const prepared = await core.prepareFlows(JSON.stringify(['x'.repeat(1_000_000)]));
  globalThis.texts = Array.from({ length: 20 }, () => prepared.text());
  parentPort.postMessage(globalThis.texts[19].length);
  if (workerData.end === 'return') {
    await core.close();
  }
}

void main();
