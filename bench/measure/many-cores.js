'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

const INSIDE = path.join(__dirname, '..', 'inside', 'workers.js');

/**
 * Opens workers of the core, without Node-RED around them, in a process of their own.
 *
 * @param {number} workers
 * @param {object} options `settings.valkey` of each
 */
function openManyCores(workers, options) {
  const child = fork(INSIDE, { stdio: 'inherit' });
  let connected = 0;
  const waiting = new Set();
  const look = () => waiting.forEach((one) => one());
  child.on('message', ({ ready }) => {
    connected = ready;
    look();
  });
  child.once('exit', look);
  child.send({ workers, options });
  return {
    /** Resolves when exactly that many are connected. */
    connected(wanted, deadline = 30_000) {
      return new Promise((resolve, reject) => {
        const end = (settle, value) => {
          clearTimeout(timer);
          waiting.delete(check);
          settle(value);
        };
        const timer = setTimeout(
          () => end(reject, new Error(`${connected} of ${wanted} workers connected after ${deadline} ms`)),
          deadline
        );
        const check = () => {
          if (connected === wanted) {
            end(resolve);
          } else if (child.exitCode !== null || child.signalCode !== null) {
            end(reject, new Error('the process with the workers has ended'));
          }
        };
        waiting.add(check);
        check();
      });
    },
    close: () => child.kill('SIGKILL')
  };
}

module.exports = { openManyCores };
