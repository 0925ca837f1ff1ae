'use strict';

// Runs in a measured Node-RED process, required by its settings.js: how long its event loop stalls and
// is busy, what processor time it takes, and what `saveFlows` of its storage takes. `GET /begin` begins, `GET /end`
// tells.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { performance } = require('node:perf_hooks');

const TICK = 5;
/** Of the main thread, on Linux: ns that it had a processor, first. */
const SCHEDULED = `/proc/self/task/${process.pid}/schedstat`;
const STORAGE = path.join('@node-red', 'runtime', 'lib', 'storage', 'index.js');

let lastTick;
let longest;
let loopAtBegin;
let processorAtBegin;
let saves;

function tick() {
  const now = performance.now();
  longest = Math.max(longest, now - lastTick - TICK);
  lastTick = now;
}

/** Ms of processor time of the event loop's thread so far; what others on the machine do is not in it. */
function processorTime() {
  try {
    return Number(fs.readFileSync(SCHEDULED, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.eventLoopUtilization().active;
  }
}

/** Times the call by which Node-RED saves flows, whatever storage module is behind it. */
function watchSaves() {
  const file = Object.keys(require.cache).find((name) => name.endsWith(STORAGE));
  const storage = require.cache[file].exports;
  const original = storage.saveFlows;
  storage.saveFlows = async function saveFlows(...args) {
    const began = performance.now();
    const loop = performance.eventLoopUtilization();
    try {
      return await original.apply(this, args);
    } finally {
      saves.push({
        took: performance.now() - began,
        busy: performance.eventLoopUtilization(loop).active
      });
    }
  };
}

function begin() {
  if (lastTick === undefined) {
    watchSaves();
    setInterval(tick, TICK).unref();
  }
  lastTick = performance.now();
  longest = 0;
  saves = [];
  loopAtBegin = performance.eventLoopUtilization();
  processorAtBegin = processorTime();
}

function end() {
  tick();
  const processor = processorTime() - processorAtBegin;
  const { active } = performance.eventLoopUtilization(loopAtBegin);
  return { stall: Math.max(0, longest), busy: active, processor, saves };
}

/** @param {number} port on 127.0.0.1 */
function listen(port) {
  const server = http.createServer((request, response) => {
    let answer = {};
    if (request.url === '/begin') {
      begin();
    } else {
      answer = end();
    }
    response.end(JSON.stringify(answer));
  });
  server.listen(port, '127.0.0.1');
  server.unref();
}

module.exports = { listen };
