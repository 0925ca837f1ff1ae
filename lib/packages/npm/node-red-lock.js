'use strict';

const { isOwnPayload } = require('../palette/install-hooks');

/** @import { Runtime } from '../../types/node-red' */

const HOOKS = ['preInstall', 'preUninstall'];
const LABELS = ['valkeyStorageTurnA', 'valkeyStorageTurnB'];
/** ms within which Node-RED starts npm once no hook has objected. */
const START = 30000;
/** ms after which an npm run of Node-RED's no longer keeps ours waiting. */
const CEILING = 15 * 60 * 1000;

/**
 * What Node-RED's hooks around npm are given.
 *
 * @typedef {{ module: string, version?: string, url?: string }} HookPayload
 */

/**
 * Lets Node-RED's own npm runs (modules of Function nodes, missing modules, the palette) and ours
 * take turns, since two of them in one folder damage it.
 *
 * @param {object} options
 * @param {Pick<Runtime, 'events' | 'hooks'>} options.runtime
 * @param {() => Promise<void>} options.acquire resolves when no other npm runs, or when that has
 *   taken too long; a rejection lets Node-RED go on without a turn
 * @param {() => void} options.release ends the turn; called once for each `acquire` that resolved
 * @param {(name: string, version?: string) => boolean | Promise<boolean>} options.isSatisfied
 *   whether a package is installed already, so that Node-RED need not run npm
 * @param {number} [options.start] ms
 * @param {number} [options.ceiling] ms
 */
function createNodeRedLock({ runtime, acquire, release, isSatisfied, start = START, ceiling = CEILING }) {
  const { events, hooks } = runtime;
  /** @type {WeakSet<HookPayload>} */
  const queued = new WeakSet();
  /** @type {Set<() => void>} */
  const turns = new Set();
  /** @type {Map<string, string>} */
  const current = new Map();
  let isClosed = false;

  /**
   * A hook may refuse what we have already taken a turn for, and nobody would tell us. So ours
   * has to be the last: each time it is reached it is added anew, behind all others, and waits
   * there.
   *
   * @param {string} hook
   * @param {string} label
   */
  function add(hook, label) {
    current.set(hook, label);
    // One parameter: with another number of them Node-RED waits for a callback.
    hooks.add(`${hook}.${label}`, (/** @type {HookPayload} */ payload) => {
      if (isClosed || isOwnPayload(payload)) {
        return undefined;
      }
      if (queued.has(payload)) {
        queued.delete(payload);
        return take(hook, payload);
      }
      queued.add(payload);
      moveToEnd(hook);
      return undefined;
    });
  }

  /** @param {string} hook */
  function moveToEnd(hook) {
    const label = current.get(hook);
    add(hook, label === LABELS[0] ? LABELS[1] : LABELS[0]);
    hooks.remove(`${hook}.${label}`);
  }

  /**
   * Gives false where npm has nothing to do.
   *
   * @param {string} hook
   * @param {HookPayload} payload
   */
  async function take(hook, payload) {
    try {
      await acquire();
    } catch {
      return undefined;
    }
    let isDone = false;
    try {
      isDone = hook === 'preInstall' && !payload.url && (await isSatisfied(payload.module, payload.version));
    } catch {
      // Not known: npm finds out.
    }
    if (isDone || isClosed) {
      release();
      return isDone ? false : undefined;
    }
    holdUntilEnd(hook === 'preInstall' ? /\sinstall\s/ : /\sremove\s/);
    return undefined;
  }

  /**
   * Node-RED tells of the end only when npm was successful, but announces each line of its
   * command log: first the command itself, last the exit code.
   *
   * @param {RegExp} command
   */
  function holdUntilEnd(command) {
    /** @type {string | undefined} */
    let id;
    let timer = setTimeout(end, start).unref();

    /** @param {{ id: string, payload?: { data?: unknown, type?: unknown } }} event */
    function onLog(event) {
      const { data, type } = event.payload || {};
      if (type || typeof data !== 'string') {
        return;
      }
      if (id === undefined && command.test(data)) {
        id = event.id;
        clearTimeout(timer);
        timer = setTimeout(end, ceiling).unref();
      } else if (id !== undefined && event.id === id && /^rc=/.test(data)) {
        end();
      }
    }

    function end() {
      if (turns.delete(end)) {
        clearTimeout(timer);
        events.removeListener('event-log', onLog);
        release();
      }
    }

    turns.add(end);
    events.on('event-log', onLog);
  }

  HOOKS.forEach((hook) => add(hook, LABELS[0]));

  return {
    /** Takes the hooks out and ends the turns that are held. */
    close() {
      isClosed = true;
      HOOKS.forEach((hook) => hooks.remove(`${hook}.${current.get(hook)}`));
      [...turns].forEach((end) => end());
    }
  };
}

module.exports = { createNodeRedLock };
