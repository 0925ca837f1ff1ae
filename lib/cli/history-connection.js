'use strict';

const { openHistoryReader } = require('../history/reader');
const { printable } = require('./printable');

/** @import { Context } from '.' */

/** What the server does not give, whoever asks. */
const REFUSED = ['ERR_VALKEY_HISTORY', 'ERR_VALKEY_PERMISSION'];

/**
 * Reads something of the history, and gives the exit code: 0, or 1 where it is refused. What it rejects with is 2.
 *
 * @param {Context} context
 * @param {(reader: ReturnType<typeof openHistoryReader>) => Promise<void>} read
 */
async function withHistory({ coreOptions, log, err, interrupted }, read) {
  const reader = openHistoryReader({ options: coreOptions(), log });
  const close = () => void reader.close();
  interrupted.addEventListener('abort', close, { once: true });
  try {
    await read(reader);
    return 0;
  } catch (error) {
    if (!REFUSED.includes(error.code)) {
      throw error;
    }
    err(printable(`${error.code}: ${error.message}`));
    return 1;
  } finally {
    interrupted.removeEventListener('abort', close);
    await reader.close();
  }
}

module.exports = { withHistory };
