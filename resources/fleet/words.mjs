// What is shown of a report, in words. No part of the editor is needed here.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time in s: the largest unit that it has, as `3 d`. */
export function duration(_, seconds) {
  const whole = Math.max(0, Math.round(seconds));
  for (const [unit, length] of [
    ['days', DAY],
    ['hours', HOUR],
    ['minutes', MINUTE]
  ]) {
    if (whole >= length) {
      return _(`duration.${unit}`, { n: Math.floor(whole / length) });
    }
  }
  return _('duration.seconds', { n: whole });
}

/** Bytes as memory is told. */
export function memory(_, bytes) {
  return bytes > 0 ? _('memory', { n: Math.round(bytes / 1024 / 1024) }) : '';
}

/** How far an instance is behind the last deploy. */
export function revision(_, { behind, revision: runs }) {
  if (behind === 0) {
    return _('revision.last');
  }
  if (behind > 0) {
    return _('revision.behind', { n: behind });
  }
  return runs ? _('revision.another') : _('revision.none');
}

const STATES = new Map([
  ['in step', 'inStep'],
  ['behind', 'behind'],
  ['not ready', 'notReady'],
  ['lost', 'lost']
]);

/** The states that there are, those first that somebody has to look after. */
export const ALL_STATES = ['lost', 'not ready', 'behind', 'in step'];

/** The name of a state in the catalogue and in the style sheet. */
export const stateName = (state) => STATES.get(state) ?? 'unknown';

export const stateText = (_, state) => _(`state.${stateName(state)}`);

/** The line on top: of the workers, how many run the last deploy. */
export function summary(_, { total, inStep, instances }) {
  if (instances.length === 0) {
    return _('summary.none');
  }
  return total === 0 ? _('summary.noWorkers') : _('summary.inStep', { inStep, count: total });
}
