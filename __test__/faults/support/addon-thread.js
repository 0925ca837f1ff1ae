'use strict';

// An instance in a worker thread, which its parent ends at any moment.

const { parentPort, workerData } = require('node:worker_threads');

const { openInstance } = require('./addon.js');

async function main() {
  const instance = await openInstance({ ...workerData, wait: workerData.role === 'admin' });
  parentPort.postMessage('open');
  for (let version = 1; workerData.role === 'admin'; version += 1) {
    await instance.deploy(version);
  }
}

void main();
