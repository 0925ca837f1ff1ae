'use strict';

/** The seed of this run; FAULT_SEED=<number> repeats one. */
const SEED = Number(process.env.FAULT_SEED) || (Date.now() ^ (process.pid << 8)) >>> 0;

/** Random choices that are the same for the same seed and name (mulberry32). */
function createRandom(name, seed = SEED) {
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), seed >>> 0) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** A whole number from `low` to `high`, both included. */
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    /** One of a list. */
    of: (list) => list[Math.floor(next() * list.length)],
    bytes: (length) => Buffer.from(Array.from({ length }, () => Math.floor(next() * 256)))
  };
}

module.exports = { SEED, createRandom };
