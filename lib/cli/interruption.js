'use strict';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM']);

/**
 * Says once that what goes on is to end: at Ctrl+C, at a SIGTERM, and when nobody reads the output any more. A second
 * signal ends the process as if nothing were here.
 *
 * @param {NodeJS.WritableStream} output
 */
function createInterruption(output) {
  const controller = new AbortController();
  const close = () => {
    for (const signal of SIGNALS) {
      process.removeListener(signal, interrupt);
    }
  };
  const interrupt = () => {
    close();
    controller.abort();
  };
  for (const signal of SIGNALS) {
    process.on(signal, interrupt);
  }
  // It stays: what is written after the reader has gone is nobody's error.
  output.on('error', () => controller.abort());
  return { signal: controller.signal, close };
}

module.exports = { createInterruption };
