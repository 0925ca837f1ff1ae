'use strict';

/**
 * @import { Log } from '../types/core'
 * @import { Result } from './result'
 */

/**
 * The log line for an update that has been handed to Node-RED: its level and text.
 *
 * @param {string | undefined} revision
 * @param {Result} result
 * @param {boolean} [isCompleted] the types that it waited for have come
 * @returns {[level: keyof Log, text: string]}
 */
function report(revision, result, isCompleted = false) {
  const name = revision === undefined ? 'update' : `revision ${revision}`;
  if (result.missingTypes.length > 0) {
    return [
      'warn',
      `${name} waits for node types that are not installed: ${result.missingTypes.join(', ')} ` +
        '(unchanged nodes run on, changed ones start when the types are there)'
    ];
  }
  if (result.missingModules) {
    return [
      'warn',
      `${name} has been taken over but not started: modules missing: ${result.missingModules.join(', ')}`
    ];
  }
  const prefix = isCompleted ? 'Missing node types have been installed: ' : '';
  const { restarted, added, removed, ms } = result;
  return [
    'info',
    `${prefix}${name} applied in ${ms} ms: ${restarted} nodes restarted, ${added} added, ${removed} removed`
  ];
}

module.exports = { report };
