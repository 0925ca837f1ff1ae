'use strict';

const { openedStores } = require('./handover');

/**
 * @import { Log } from '../types/core'
 * @import { OpenedStore } from './handover'
 */

/** How long flows wait before the log says so, and between two lines, in ms. */
const FIRST_LINE = 2000;
const NEXT_LINE = 60_000;

/**
 * Before flows start their context has to be there: what reads `undefined` for a value that exists would set another in
 * its place. Null when nothing is to be waited for; otherwise a promise that never rejects.
 *
 * @param {string} userDir
 * @param {Log} log
 * @returns {Promise<void> | null}
 */
function contextLoaded(userDir, log) {
  const waiting = openedStores(userDir).filter((store) => !store.isLoaded());
  return waiting.length === 0 ? null : allLoaded(waiting, log);
}

/**
 * Why a store is not loaded, where no copy is on disk.
 *
 * @param {Pick<OpenedStore, 'health'>} store
 */
function reasonOf({ health }) {
  const state = health();
  switch (state?.connection) {
    case 'closed':
      return "retryStrategy has given up, and there is no copy on disk: they don't start before Node-RED is started again";
    case 'ready':
      return `it is not read from Valkey yet${state?.problem ? ` (${state.problem})` : ''}, and there is no copy on disk`;
    default:
      return 'Valkey is away, and there is no copy on disk';
  }
}

/**
 * @param {OpenedStore[]} stores
 * @param {Log} log
 */
async function allLoaded(stores, log) {
  const tell = () => {
    /** @type {Map<string, string[]>} */
    const names = new Map();
    for (const store of stores.filter(({ isLoaded }) => !isLoaded())) {
      const reason = reasonOf(store);
      names.set(reason, [...(names.get(reason) ?? []), `'${store.name}'`]);
    }
    names.forEach((those, reason) => log.warn(`flows wait for the context ${those.join(', ')}: ${reason}`));
    timer = setTimeout(tell, NEXT_LINE);
  };
  let timer = setTimeout(tell, FIRST_LINE);
  // One that is closed is waited for no more.
  await Promise.allSettled(stores.map((store) => store.loaded));
  clearTimeout(timer);
}

module.exports = { contextLoaded };
