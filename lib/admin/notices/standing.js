'use strict';

/**
 * @import { Standing } from '../../../binding'
 * @import { AdminCore } from '../../types/core'
 * @import { NoticeKind, Notices } from '.'
 */

/** How many packages are named. */
const MOST_PACKAGES = 10;

/** @type {Partial<Record<NoticeKind, (standing: Standing) => string | false>>} */
const TEXTS = {
  away: ({ away }) =>
    away !== undefined &&
    `Saved here, but not on the workers yet: ${away}. They get it by themselves as soon as Valkey has it.`,

  other: ({ other, wasInCharge }) =>
    other !== undefined &&
    `This admin is not in charge${wasInCharge ? ' any more' : ''}: another one is (${other}), and workers run what that one has. What is deployed here stays on this disk. Once the other admin has ended, this one takes over, and what is on this disk then replaces what workers run.`,

  replaced: ({ replaced }) =>
    replaced !== undefined &&
    `Workers ran a deploy that this admin's disk never had. It was replaced by what is on this disk, and is kept in Valkey under '${replaced}'.`,

  packages: ({ leftOut }) => {
    const named = leftOut.slice(0, MOST_PACKAGES).map(({ name, reason }) => `${name} (${reason})`);
    const more = leftOut.length - named.length;
    return (
      leftOut.length > 0 &&
      `Packages that do not reach workers: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}. Flows that use them run on this admin only.`
    );
  }
};

/**
 * Shows in the editor how the admin stands, as the core knows it.
 *
 * @param {{ core: Pick<AdminCore, 'standing'>, notices: Pick<Notices, 'show' | 'end'> }} params
 */
function createStandingNotices({ core, notices }) {
  return {
    /** It has changed. */
    tell() {
      const standing = core.standing();
      for (const [name, textOf] of Object.entries(TEXTS)) {
        const kind = /** @type {NoticeKind} */ (name);
        const text = standing !== null && textOf(standing);
        if (text) {
          notices.show(kind, text);
        } else {
          notices.end(kind);
        }
      }
    }
  };
}

module.exports = { createStandingNotices };
