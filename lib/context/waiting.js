'use strict';

const { openedStores } = require('./handover');

/**
 * @import { Log } from '../types/core'
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
 * @param {ReturnType<typeof openedStores>} stores
 * @param {Log} log
 */
async function allLoaded(stores, log) {
  const tell = () => {
    const names = stores.filter((store) => !store.isLoaded()).map(({ name }) => `'${name}'`);
    log.warn(`flows wait for the context ${names.join(', ')}: Valkey is away, and there is no copy on disk`);
    timer = setTimeout(tell, NEXT_LINE);
  };
  let timer = setTimeout(tell, FIRST_LINE);
  // One that is closed is waited for no more.
  await Promise.allSettled(stores.map((store) => store.loaded));
  clearTimeout(timer);
}

module.exports = { contextLoaded };
