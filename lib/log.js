'use strict';

/**
 * @import { Log } from './types/core'
 * @import { Runtime } from './types/node-red'
 */

/** What every line of ours begins with. */
const PREFIX = '[ValkeyStorage] ';

/**
 * Node-RED's logger with our prefix: `{ error, warn, info, debug }`, each taking a text.
 *
 * @param {Runtime['log']} logger
 * @returns {Log}
 */
function createLog(logger) {
  /** @type {(level: keyof Log) => (text: string) => void} */
  const line = (level) => (text) => logger[level](PREFIX + text);
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

module.exports = { PREFIX, createLog };
