'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { EventEmitter } = require('node:events');

/**
 * @import { AdminCore } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

/** The level of Node-RED's audit events, which handlers get whatever the settings have printed. */
const AUDIT = 98;
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * What is known of a deploy beside its content, as the core takes it.
 *
 * @typedef {object} Note
 * @property {'deploy' | 'load' | 'project' | 'rollback'} origin
 * @property {string} [user]
 * @property {string} [address]
 * @property {string} [type]
 * @property {string} [message]
 * @property {number} [to] the entry that a rollback brings back
 */

/**
 * Says of each deploy that is mirrored who has brought it about, and how: Node-RED's audit events tell, and they come
 * before the save. Of a user nothing but the name is taken: a log-in strategy may put anything beside it.
 *
 * @param {object} params
 * @param {Pick<AdminCore, 'noteDeploy'>} params.core
 * @param {Runtime} params.runtime
 * @param {() => boolean} params.hasProject whether a Project is open
 */
function createNotes({ core, runtime, hasProject }) {
  /** @type {AsyncLocalStorage<Partial<Note>>} */
  const rollbacks = new AsyncLocalStorage();
  /** @type {Pick<Note, 'user' | 'address' | 'type'> | null} what somebody has asked for last */
  let asked = null;
  /** @type {Note | null} */
  let deploy = null;
  let isFirst = true;

  const handler = new EventEmitter();
  handler.on('log', ({ level, event, type, user, ip }) => {
    if (level === AUDIT && event === 'flows.set') {
      asked = { user: nameOf(user), address: addressOf(ip), type: text(type) };
    }
  });
  runtime.log.addHandler(handler);

  /** @returns {Note} */
  const load = () => {
    const reload = asked?.type === 'reload' ? asked : null;
    if (reload) {
      asked = null;
    }
    return { origin: hasProject() && !isFirst && !reload ? 'project' : 'load', ...reload };
  };

  return {
    /**
     * Flows that are being deployed are the next that is mirrored.
     *
     * @param {object | undefined} user as Node-RED gives it to its storage
     */
    deploying(user) {
      const name = nameOf(user);
      // Of a deploy that failed, before one of nodes that nobody was asked for.
      const known = asked && asked.type !== 'reload' && (name === undefined || asked.user === name) ? asked : null;
      asked = null;
      deploy = { origin: 'deploy', ...known, user: name ?? known?.user, ...rollbacks.getStore() };
    },

    /** Something is mirrored now. */
    beforeSend() {
      core.noteDeploy(JSON.stringify(deploy ?? load()));
      deploy = null;
      isFirst = false;
    },

    /**
     * Runs what deploys an earlier entry.
     *
     * @template T
     * @param {Partial<Note>} note
     * @param {() => Promise<T>} task
     */
    rollingBack: (note, task) => rollbacks.run({ origin: 'rollback', ...note }, task),

    close: () => runtime.log.removeHandler(handler)
  };
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
const text = (value) => (typeof value === 'string' && value !== '' ? value : undefined);

/** @param {any} user */
const nameOf = (user) => text(user?.username);

/** @param {unknown} ip */
const addressOf = (ip) => text(ip)?.replace(MAPPED_IPV4, '');

module.exports = { createNotes };
