'use strict';

const { openCore } = require('../binding/core');

/** @import { Log, Options } from '../types/core' */

/**
 * The history as Valkey has it, for who has no admin to ask; to be closed.
 *
 * @param {{ options: Options, log: Log }} params
 */
function openHistoryReader({ options, log }) {
  return openCore('HistoryReader', { options, userDir: undefined, log, onEvent() {} });
}

module.exports = { openHistoryReader };
