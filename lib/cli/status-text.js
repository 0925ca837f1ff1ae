'use strict';

const { coloured, table } = require('./table');

/** @import { Fleet, FleetInstance } from '../types/fleet' */

const HEAD = ['NAME', 'ROLE', 'LABELS', 'REVISION', 'STATE', 'UP', 'MEMORY', 'PROBLEM'];
const STATE = HEAD.indexOf('STATE');
const COLOUR = /** @type {const} */ ({ 'in step': 'green', behind: 'yellow', 'not ready': 'yellow', lost: 'red' });

/** Seconds as the largest unit that they fill. */
const UNITS = /** @type {const} */ ([
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's']
]);

/** @param {number} seconds */
function duration(seconds) {
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** @param {FleetInstance} member */
function revisionText({ behind, revision }) {
  if (behind === 0) {
    return 'last';
  }
  return behind ? `${behind} behind` : (revision ?? 'none');
}

/** @param {FleetInstance} member */
function rowOf(member) {
  const { name, role, labels, state, error, report } = member;
  const { uptime, rss } = report;
  return [
    name,
    role,
    labels.join(','),
    revisionText(member),
    state,
    state === 'lost' ? '' : duration(uptime),
    rss ? `${Math.round(rss / 1024 / 1024)} MB` : '',
    error ?? ''
  ];
}

/**
 * A line that says how it stands.
 *
 * @param {Fleet} fleet
 */
function summary({ total, inStep, revision, instances }) {
  if (revision === null && instances.length === 0) {
    return 'nothing is stored under this key prefix';
  }
  if (total === 0) {
    return 'no worker has reported';
  }
  if (revision === null) {
    return `${total} workers have reported, and nobody knows which deploy is the last`;
  }
  return `${inStep} of ${total} ${total === 1 ? 'worker runs' : 'workers run'} the last deploy (${revision})`;
}

/**
 * The fleet as lines.
 *
 * @param {Fleet} fleet
 * @param {{ colours: boolean, columns: number }} terminal
 */
function statusLines(fleet, { colours, columns }) {
  const { instances, total, inStep } = fleet;
  const words = summary(fleet);
  const line = colours ? coloured(words, total > 0 && inStep === total ? 'green' : 'yellow') : words;
  if (instances.length === 0) {
    return [line];
  }
  const rows = table(HEAD, instances.map(rowOf), {
    columns: colours ? columns : Infinity,
    ...(colours ? { colourOf: (row, column) => (column === STATE ? COLOUR[instances[row].state] : null) } : {})
  });
  return [line, '', ...rows];
}

/**
 * The fleet for scripts: docs/fleet.md has its shape, which stays.
 *
 * @param {Fleet} fleet
 */
function statusJson({ revision, total, inStep, instances }) {
  return {
    revision,
    total,
    inStep,
    instances: instances.map(({ id, name, role, labels, revision: runs, state, since, error }) => {
      return { id, name, role, labels, revision: runs, state, since, error };
    })
  };
}

module.exports = { statusJson, statusLines };
