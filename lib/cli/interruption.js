'use strict';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM']);
/** Signals within so many ms are one: at Ctrl+C npx hands on to this process what the terminal has sent to both. */
const ONE = 1000;

/**
 * Says once that what goes on is to end: at Ctrl+C, at a SIGTERM, and when nobody reads the output any more. A second
 * signal, a second later, ends the process as if nothing were here.
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
    if (!controller.signal.aborted) {
      setTimeout(close, ONE).unref();
    }
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
