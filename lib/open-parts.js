'use strict';

/**
 * Takes what closes a part that was opened.
 *
 * @typedef {(close: () => unknown) => void} OnClose
 */

/**
 * Opens what consists of parts: `open` is given a function that takes, for each part, what closes
 * it. The result closes all of them with `close()`, the last first; should `open` fail, those that
 * it has come to are closed at once.
 *
 * @template T
 * @param {(onClose: OnClose) => Promise<T>} open
 * @returns {Promise<T & {close: () => Promise<void>}>}
 */
async function openParts(open) {
  /** @type {Array<() => unknown>} */
  const closers = [];
  /** @returns {Promise<void>} */
  const close = async () => {
    const closer = closers.pop();
    if (closer) {
      try {
        await closer();
      } finally {
        await close();
      }
    }
  };
  try {
    const opened = await open((closer) => closers.push(closer));
    return { ...opened, close };
  } catch (error) {
    // A connection that stays open would keep a process alive that Node-RED has given up. What has
    // failed first is what counts.
    await close().catch(() => {});
    throw error;
  }
}

module.exports = { openParts };
