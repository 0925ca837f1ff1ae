// How far a deploy has come, as it is told. No part of the editor is needed here.

import { stateText } from '../words.mjs';

/** So many that lag behind are named. */
const NAMED = 5;
/** An answer about instances is of the moment when this is not exceeded, in ms. */
const FRESH = 2500;

/**
 * How a deploy stands with the workers; undefined while nobody can say: its revision is not on the server yet, another
 * admin is in charge, or the answer is of before.
 */
export function progressOf({ revision }, fleet) {
  if (revision === null || fleet.revision !== revision || (fleet.asOf ?? Infinity) > FRESH) {
    return undefined;
  }
  const late = fleet.instances.filter(({ role, state }) => role === 'worker' && state !== 'in step');
  return { total: fleet.total, inStep: fleet.inStep, late };
}

/** `18 of 20 workers run it; 2 do not: site-b-3 (npm: 404), site-b-4 (lost)` */
export function progressText(_, { total, inStep, late }, isOver) {
  if (late.length === 0) {
    return _('deploy.all', { inStep, count: total });
  }
  if (!isOver) {
    return _('deploy.some', { inStep, count: total });
  }
  const named = late
    .slice(0, NAMED)
    .map(({ name, error, state }) => _('deploy.late', { name, why: error ?? stateText(_, state) }));
  const names = named.join(', ') + (late.length > NAMED ? ', …' : '');
  return _('deploy.notAll', { inStep, count: total, late: _('deploy.lateCount', { count: late.length }), names });
}
