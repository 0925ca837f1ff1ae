'use strict';

/** A report as an instance stores it. */
function report(properties = {}) {
  return {
    tick: 100,
    host: 'box',
    place: 'aaaa',
    role: 'worker',
    labels: [],
    version: '5.0.0',
    nodeRed: '4.1.0',
    node: 'v20.0.0',
    uptime: 60,
    revision: '1002',
    since: 30,
    ready: true,
    missing: [],
    notes: [],
    flows: 'running',
    missingTypes: [],
    packages: null,
    connection: 'ready',
    errors: 0,
    lastError: null,
    rss: 1,
    delay: { p99: 1, max: 2 },
    tabs: [],
    context: null,
    ...properties
  };
}

let count = 0;

/** An entry as the core reads it. */
function entry(properties = {}, { silent = 500, id = (++count).toString(16).padStart(16, '0') } = {}) {
  return { id, silent, report: JSON.stringify(report(properties)) };
}

/** What the core reads of the fleet. */
function reading(entries, properties = {}) {
  return { now: 1_000_000, revision: '1002', entries, ...properties };
}

module.exports = { entry, reading, report };
