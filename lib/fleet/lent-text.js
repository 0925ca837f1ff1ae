'use strict';

/**
 * A text that is made anew again and again, in memory that is used again: buffers of most of a megabyte pile up until V8
 * collects them, which an idle process does seldom. Whoever is sending one keeps it until it is sent.
 */
function createLentText() {
  let kept = { bytes: Buffer.alloc(0), users: 0 };
  let length = 0;

  return {
    /**
     * @param {number} size in bytes, as far as it is known before
     * @param {(into: Uint8Array) => number} fill returns how many it has written; where it throws it has written nothing, and
     *   the text stays the one before
     */
    write(size, fill) {
      const isFree = kept.users === 0 && kept.bytes.length >= size;
      // With room for some more, so that it stays for a while.
      const next = isFree ? kept : { bytes: Buffer.allocUnsafeSlow(Math.ceil(size * 1.25)), users: 0 };
      length = fill(next.bytes);
      kept = next;
    },

    /** The text as it is; stays so until it is given back. */
    lend() {
      const lent = kept;
      lent.users += 1;
      return {
        text: lent.bytes.subarray(0, length),
        giveBack() {
          lent.users -= 1;
        }
      };
    }
  };
}

module.exports = { createLentText };
