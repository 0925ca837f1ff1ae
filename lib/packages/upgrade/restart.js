'use strict';

/** @import { Log } from '../../types/core' */

/** EX_TEMPFAIL: nothing is wrong, start it again. For service managers that restart on failure only. */
const EXIT_CODE = 75;

let isScheduled = false;

/**
 * Ends this process as the operator would, after a random delay so that the workers of a cluster
 * don't all stop together. Once; what starts it again is the operator's service manager.
 *
 * Node-RED stops its flows on SIGTERM and then ends with the exit code that is set. On Windows a
 * signal to the own process would kill it at once, so there its listeners are called instead.
 *
 * @param {object} options
 * @param {Pick<Log, 'info'>} options.log
 * @param {number} [options.maxDelay] ms
 */
function scheduleRestart({ log, maxDelay = 30000 }) {
  if (isScheduled) {
    return;
  }
  isScheduled = true;
  const delay = Math.round(Math.random() * maxDelay);
  log.info(
    `this worker stops in ${Math.ceil(delay / 1000)} s, with exit code ${EXIT_CODE}, to be started again with the new packages`
  );
  setTimeout(stop, delay).unref();
}

function stop() {
  process.exitCode = EXIT_CODE;
  if (process.platform === 'win32' && process.listenerCount('SIGTERM') > 0) {
    process.emit('SIGTERM', 'SIGTERM');
  } else {
    process.kill(process.pid, 'SIGTERM');
  }
}

module.exports = { scheduleRestart };
