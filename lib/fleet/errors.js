'use strict';

const { EventEmitter } = require('node:events');

/**
 * @import { Runtime, Settings } from '../types/node-red'
 */

/** Node-RED's levels up to this one are errors. */
const ERROR = 20;
const LONGEST = 200;

/** What is looked at of a text, in characters. */
const LOOKED_AT = 2000;

/**
 * What a line of Node-RED's log says, without its stack.
 *
 * @param {any} message
 */
function wordsOf(message) {
  const words = typeof message === 'object' && message !== null ? (message.message ?? message) : message;
  const [first] = String(words).slice(0, LOOKED_AT).split('\n');
  return first;
}

/**
 * Counts the errors in Node-RED's log, those of nodes included, and keeps the last one.
 *
 * @param {{ runtime: Pick<Runtime, 'log' | 'nodes'>, settings: Settings }} params
 */
function watchErrors({ runtime, settings }) {
  const { log, nodes } = runtime;
  /** @type {string[] | undefined} */
  let known;
  let count = 0;
  /** @type {{ text: string, at: number } | null} */
  let last = null;

  /** @param {any} line */
  const take = ({ level, msg, type, name, id }) => {
    if (!(level <= ERROR)) {
      return;
    }
    count += 1;
    // Most starts log no error.
    const { knownSecrets } = require('../known-secrets');
    const { plainText } = require('./plain-text');
    const { withoutSecrets } = require('./redact');
    known ??= knownSecrets(settings);
    const own = id && nodes ? Object.values(nodes.getCredentials(id) || {}) : [];
    const node = type ? `[${type}:${name || id}] ` : '';
    last = { text: plainText(withoutSecrets(node + wordsOf(msg), [...known, ...own]), LONGEST), at: performance.now() };
  };
  const handler = new EventEmitter();
  handler.on('log', (line) => {
    // What throws here would end whoever writes to the log.
    try {
      take(line);
    } catch {
      count += 1;
    }
  });
  log.addHandler(handler);

  return {
    count: () => count,
    /** `ago` in s. */
    last: () => last && { text: last.text, ago: Math.round((performance.now() - last.at) / 1000) },
    close: () => log.removeHandler(handler)
  };
}

module.exports = { watchErrors };
