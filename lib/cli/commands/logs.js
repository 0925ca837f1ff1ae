'use strict';

const { setTimeout: delay } = require('node:timers/promises');

const { codedError } = require('../../errors');
const { EVERYONE, KINDS, isKind } = require('../../streams/kinds');
const { openLogsConnection } = require('../logs-connection');
const { logsJson, logsLines } = require('../logs-text');
const { printable } = require('../printable');

/** What is looked at again within the 30 s that it counts for, in ms. */
const RENEW = 10_000;
/** Until it is tried again after something was in the way, in ms. */
const PAUSE = 1000;
/** How long a server that does not answer at the start is waited for, in ms. */
const PATIENCE = 5000;
/** What does not go away by itself. */
const FOR_GOOD = ['ERR_VALKEY_PERMISSION', 'ERR_VALKEY_OPTION', 'ERR_VALKEY_AUTH'];

/** @param {string[]} given */
function kindsOf(given) {
  const kinds = given.flatMap((text) => text.split(','));
  const wrong = kinds.find((kind) => !isKind(kind));
  if (wrong !== undefined) {
    throw codedError('ERR_VALKEY_OPTION', `--kind takes ${KINDS.join(', ')}, not '${printable(wrong)}'`);
  }
  return /** @type {import('../../streams/kinds').Kind[]} */ (kinds);
}

/** @type {import('..').Command} */
module.exports = {
  summary: 'what workers say from now on: debug output, warnings and errors, statuses',
  usage: '[--kind KIND …] [--json] [worker …]',
  options: {
    kind: {
      type: 'string',
      multiple: true,
      placeholder: 'KIND',
      default: ['debug', 'log'],
      description: `${KINDS.join(', ')}; debug and log without it`
    },
    json: { type: 'boolean', description: 'each line as JSON, for scripts' }
  },
  connects: true,
  async run(context) {
    const { args, values, out, err, interrupted } = context;
    const kinds = kindsOf(values.kind);
    const workers = args.length > 0 ? args : [EVERYONE];
    const connection = openLogsConnection(context, (message) => {
      const lines = values.json ? logsJson(message) : logsLines(message);
      lines.forEach(out);
    });
    const begun = performance.now();
    let wasHeard = false;
    let problem = '';
    try {
      while (!interrupted.aborted) {
        try {
          await connection.look(workers, kinds);
          wasHeard = true;
          problem = '';
        } catch (error) {
          const isOver = !wasHeard && performance.now() - begun >= PATIENCE;
          if (isOver || FOR_GOOD.includes(error.code)) {
            throw error;
          }
          if (wasHeard && error.message !== problem) {
            err(printable(error.message));
          }
          problem = error.message;
        }
        await delay(problem ? PAUSE : RENEW, undefined, { signal: interrupted }).catch(() => {});
      }
      return 0;
    } finally {
      await connection.close();
    }
  }
};
