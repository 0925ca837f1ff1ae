'use strict';

/** @import { Runtime } from '../../types/node-red' */

/**
 * What a notice can be about; each has one place in the editor.
 *
 * - `away`: a deploy is on this disk, and not in Valkey yet
 * - `other`: another admin is in charge
 * - `refused`: a deploy was refused for that, and what became of it
 * - `replaced`: what workers ran was replaced by what this disk had
 * - `packages`: packages that do not reach workers
 * - `held`: what is on this disk can't be mirrored
 * - `placement`: tabs that run nowhere
 * - `idle`: no tab runs on this admin
 *
 * @typedef {'away' | 'other' | 'refused' | 'replaced' | 'packages' | 'held' | 'placement' | 'idle'} NoticeKind
 */

/** @typedef {ReturnType<typeof createNotices>} Notices */

/** @type {NoticeKind[]} */
const KINDS = ['away', 'other', 'refused', 'replaced', 'packages', 'held', 'placement', 'idle'];

/**
 * What whoever works in the editor has to know: shown in those that are open and in those that are
 * opened later, until it is over. Node-RED's own way for that, as it tells of missing types: the
 * last event of a name is kept for editors that connect.
 *
 * @param {{ events: Runtime['events'] }} params
 */
function createNotices({ events }) {
  /** @type {Map<NoticeKind, string>} */
  const shown = new Map();

  /**
   * @param {NoticeKind} kind
   * @param {object} payload
   */
  const emit = (kind, payload) =>
    void events.emit('runtime-event', { id: `valkey-storage-${kind}`, payload, retain: true });

  /**
   * Takes a notice back. Kept as an empty one: an editor that was not connected meanwhile closes it then.
   *
   * @param {NoticeKind} kind
   */
  const end = (kind) => {
    if (shown.delete(kind)) {
      emit(kind, {});
    }
  };

  // Editors may still show what was true before this process began.
  for (const kind of KINDS) {
    emit(kind, {});
  }

  return {
    /**
     * Shows a text (plain, in sentences), or changes the one that is shown.
     *
     * @param {NoticeKind} kind
     * @param {string} text
     */
    show(kind, text) {
      if (shown.get(kind) !== text) {
        const { markup } = require('./markup');
        shown.set(kind, text);
        emit(kind, { type: 'warning', text: markup(text) });
      }
    },

    end,

    /** Takes all of them back. */
    close() {
      KINDS.forEach(end);
    }
  };
}

module.exports = { createNotices };
