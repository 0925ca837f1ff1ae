'use strict';

/** Notices in place of an editor's: `shown` has the texts of those that are shown now, by what they are about. */
function createShownNotices() {
  const shown = new Map();
  return {
    shown,
    notices: { show: (kind, text) => void shown.set(kind, text), end: (kind) => void shown.delete(kind) }
  };
}

module.exports = { createShownNotices };
