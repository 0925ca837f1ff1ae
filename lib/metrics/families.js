'use strict';

/**
 * @import { Verdict } from '../health/standing'
 * @import { Known } from '../types/fleet'
 * @import { createUpdateFigures } from './updates'
 * @import { Family, Sample, Type } from './exposition'
 */

const PREFIX = 'nodered_cluster_';

/**
 * @param {string} name
 * @param {Type} type
 * @param {string} help
 * @param {Sample[]} samples
 * @returns {Family}
 */
const family = (name, type, help, samples) => ({ name: PREFIX + name, type, help, samples });

/**
 * @param {string} name
 * @param {string} help
 * @param {number | boolean | null | undefined} value nothing is told of what is not known
 */
const gauge = (name, help, value) =>
  family(name, 'gauge', help, value === null || value === undefined ? [] : [{ value: Number(value) }]);

/**
 * @param {string} name
 * @param {string} help
 * @param {number | null | undefined} value
 */
const counter = (name, help, value) =>
  family(name, 'counter', help, value === null || value === undefined ? [] : [{ suffix: '_total', value }]);

/**
 * A revision begins with its time, in ms since 1970.
 *
 * @param {string | null} revision
 */
function asNumber(revision) {
  const number = Number.parseInt(revision ?? '', 10);
  return Number.isFinite(number) ? number : null;
}

/**
 * What this instance itself has to show.
 *
 * @param {object} seen
 * @param {Verdict} seen.now
 * @param {Record<string, string>} seen.about versions
 * @param {number} seen.errors
 * @param {number} seen.reconnects
 * @param {{ p99: number, max: number }} seen.delay ms
 * @param {number} seen.tabs held
 * @param {{ keys: number, bytes: number, unsent: number, conflicts: number } | null} seen.context
 * @param {ReturnType<typeof createUpdateFigures>} seen.updates
 * @returns {Family[]}
 */
function ownFamilies({ now, about, errors, reconnects, delay, tabs, context, updates }) {
  const { role, ready, revision, connection, copyAge, packages } = now;
  const isWorker = role === 'worker';
  const inStep = packages === undefined || packages === 'unknown' ? null : packages === 'in step';
  return [
    family('build', 'info', 'Role and versions of this instance', [
      { suffix: '_info', labels: { role, ...about }, value: 1 }
    ]),
    gauge('ready', 'Whether the instance does its work, as /health/ready says', ready),
    gauge('revision', 'Revision that runs here; on an admin the one that is stored', asNumber(revision)),
    gauge('connected', 'Whether there is a connection to the server', connection === 'ready'),
    counter('reconnects', 'Connections to the server made anew, as far as they were seen', reconnects),
    gauge('copy_age_seconds', 'How long ago what runs was seen in the server, while nobody can say', copyAge),
    family(
      'reload_seconds',
      'histogram',
      'How long it took to take a deploy into the running flows',
      isWorker ? updates.seconds() : []
    ),
    counter('restarted_nodes', 'Nodes started again by deploys', isWorker ? updates.restarted() : null),
    counter('errors', "Errors in Node-RED's log, those of nodes included", errors),
    gauge('packages_in_step', 'Whether the packages on the list are installed', inStep),
    gauge('tabs_held', 'Tabs that run on this instance alone', isWorker ? tabs : null),
    gauge('context_keys', 'Keys of the shared context', context?.keys),
    gauge('context_bytes', 'Names and values of the shared context', context?.bytes),
    gauge('context_unsent_changes', 'Changes that the server was not heard to have', context?.unsent),
    counter('context_conflicts', 'Own changes that came second', context?.conflicts),
    gauge('event_loop_delay_p99_seconds', 'Delay of the event loop in the last 2 s, 99th percentile', delay.p99 / 1000),
    gauge('event_loop_delay_max_seconds', 'Delay of the event loop in the last 2 s, the largest', delay.max / 1000)
  ];
}

/**
 * What an admin has to show of all; nothing as long as nothing was read.
 *
 * @param {Known} known
 * @returns {Family[]}
 */
function fleetFamilies({ asOf, workers }) {
  if (asOf === null) {
    return [];
  }
  return [
    family('fleet_workers', 'gauge', 'Workers by state', [
      { labels: { state: 'in_step' }, value: workers.inStep },
      { labels: { state: 'behind' }, value: workers.behind },
      { labels: { state: 'not_ready' }, value: workers.notReady },
      { labels: { state: 'lost' }, value: workers.lost }
    ]),
    gauge('fleet_age_seconds', 'How old what is known of the workers is', asOf / 1000)
  ];
}

module.exports = { fleetFamilies, ownFamilies };
