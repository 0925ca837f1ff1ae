'use strict';

const { setTimeout: delay } = require('node:timers/promises');

const { codedError } = require('../../errors');
const { openFleetConnection } = require('../fleet-connection');
const { printable } = require('../printable');
const { statusJson, statusLines } = require('../status-text');

/**
 * @import { Context } from '..'
 * @import { Fleet } from '../../types/fleet'
 */

/** All workers are in step; not all; nobody can say. */
const EXIT = { inStep: 0, behind: 1, unknown: 2 };
/** Between two looks, in ms. */
const PAUSE = { waiting: 500, watching: 2000 };
const CLEAR = '\u001b[H\u001b[2J';

/** @param {Fleet} fleet */
function exitCodeOf({ revision, total, inStep }) {
  if (revision === null || total === 0) {
    return EXIT.unknown;
  }
  return inStep === total ? EXIT.inStep : EXIT.behind;
}

/** @param {string | undefined} text */
function secondsOf(text) {
  const seconds = text === undefined ? 0 : Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || text === '') {
    throw codedError('ERR_VALKEY_OPTION', `--wait takes a number of seconds, not '${text}'`);
  }
  return seconds;
}

/**
 * @param {Fleet} fleet
 * @param {Context} context
 */
function textOf(fleet, { values, colours, columns }) {
  return values.json ? JSON.stringify(statusJson(fleet)) : statusLines(fleet, { colours, columns }).join('\n');
}

/**
 * The fleet once all workers are in step, or as it is when the time is up.
 *
 * @param {ReturnType<typeof openFleetConnection>} connection
 * @param {number} seconds
 * @param {AbortSignal} interrupted
 */
async function whenInStep(connection, seconds, interrupted) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const left = deadline - performance.now();
    const fleet = await connection.read(seconds > 0 ? Math.max(left, 0) : undefined);
    if (exitCodeOf(fleet) === EXIT.inStep || left <= 0 || interrupted.aborted) {
      return fleet;
    }
    await delay(Math.min(PAUSE.waiting, left), undefined, { signal: interrupted }).catch(() => {});
  }
}

/**
 * Shows it again and again: on a terminal in place, elsewhere whenever it has changed.
 *
 * @param {ReturnType<typeof openFleetConnection>} connection
 * @param {Context} context
 */
async function watch(connection, context) {
  const { out, err, colours, interrupted } = context;
  let code = EXIT.unknown;
  let shown = '';
  while (!interrupted.aborted) {
    try {
      const fleet = await connection.read();
      code = exitCodeOf(fleet);
      const text = textOf(fleet, context);
      if (colours && !context.values.json) {
        out(CLEAR + text);
      } else if (text !== shown) {
        shown = text;
        out(text);
      }
    } catch (error) {
      code = EXIT.unknown;
      if (error.code === 'ERR_VALKEY_PERMISSION' || error.code === 'ERR_VALKEY_OPTION') {
        throw error;
      }
      if (!interrupted.aborted) {
        err(printable(`${error.code ? `${error.code}: ` : ''}${error.message}`));
      }
    }
    await delay(PAUSE.watching, undefined, { signal: interrupted }).catch(() => {});
  }
  return code;
}

/** @type {import('..').Command} */
module.exports = {
  summary: 'which instance runs the last deploy: exit code 0 all workers, 1 not all, 2 nobody can say',
  usage: '[--json] [--watch | --wait SECONDS]',
  options: {
    json: { type: 'boolean', description: 'as JSON, for scripts' },
    watch: { type: 'boolean', description: 'again and again, until Ctrl+C' },
    wait: {
      type: 'string',
      placeholder: 'SECONDS',
      description: 'until all workers run the last deploy, for so long at most'
    }
  },
  connects: true,
  async run(context) {
    const { values, out, interrupted } = context;
    const seconds = secondsOf(values.wait);
    if (values.watch && values.wait !== undefined) {
      throw codedError('ERR_VALKEY_OPTION', '--watch goes on for ever, and --wait ends: give one of them');
    }
    const connection = openFleetConnection(context);
    try {
      if (values.watch) {
        return await watch(connection, context);
      }
      const fleet = await whenInStep(connection, seconds, interrupted);
      out(textOf(fleet, context));
      return exitCodeOf(fleet);
    } finally {
      await connection.close();
    }
  }
};
