'use strict';

const { watchErrors } = require('./errors');
const { watchEventLoop } = require('./event-loop');

/**
 * @import { AdminHealth, CheckedOptions } from '../../binding'
 * @import { Standing } from '../health/standing'
 * @import { Instance, Log, Member } from '../types/core'
 * @import { Runtime, Settings } from '../types/node-red'
 * @import { createReport } from './report'
 * @import { FleetReader } from './reader'
 */

/** How often it is looked whether something has changed, in ms. */
const LOOK = 500;
/** How often everything is told again, in ms. */
const AGAIN = 2000;
/** The exit codes of an end that was wanted; 75 is that of a restart. */
const WANTED = new Set([0, 75]);

/**
 * This instance among the others: what it tells of itself, and what it reads of them.
 *
 * @param {object} params
 * @param {Member['core']} params.core
 * @param {CheckedOptions} params.checked
 * @param {Settings} params.settings
 * @param {Runtime} params.runtime
 * @param {Log} params.log
 * @param {Standing} params.standing
 * @param {() => Instance | null} params.instance
 * @param {() => string[]} params.tabs ids of those held
 */
function openFleet({ core, checked, settings, runtime, log, standing, instance, tabs }) {
  const errors = watchErrors({ runtime, settings });
  const eventLoop = watchEventLoop();
  let delay = { p99: 0, max: 0 };
  // Such an admin writes nothing.
  const reports = checked.report && !(settings.readOnly && checked.role === 'admin');
  /** @type {ReturnType<typeof createReport> | undefined} */
  let report;
  let told = { mark: '', at: -Infinity };
  let reconnects = 0;
  let wasCutOff = false;

  const look = () => {
    try {
      report ??= require('./report').createReport({ checked, settings, standing, errors, delay: () => delay, tabs });
      const seen = report.look();
      const { connection } = seen.now;
      if (connection === 'ready' && wasCutOff) {
        reconnects += 1;
      }
      wasCutOff = connection === 'reconnecting' || (wasCutOff && connection !== 'ready');
      const isDue = performance.now() - told.at >= AGAIN - LOOK / 2;
      if (isDue) {
        delay = eventLoop.take();
      }
      if (reports && (isDue || seen.mark !== told.mark)) {
        core.report(report.text(seen));
        told = { mark: seen.mark, at: performance.now() };
      } else if (isDue) {
        told.at = performance.now();
      }
    } catch (error) {
      log.debug(`nothing was reported: ${error.message}`);
    }
  };
  const timer = setInterval(look, LOOK);
  timer.unref();

  /** @param {number} code */
  const onExit = (code) => {
    if (WANTED.has(code)) {
      core.leave();
    }
  };
  process.on('exit', onExit);

  const stored = () => {
    const health = checked.role === 'admin' ? /** @type {AdminHealth | undefined} */ (instance()?.health()) : undefined;
    return health?.revision ?? null;
  };

  /** @type {FleetReader | undefined} */
  let opened;
  const reader = () => (opened ??= require('./reader').createReader({ core, stored, reports }));

  return {
    /** @type {FleetReader} */
    reader: { read: () => reader().read(), lend: () => reader().lend(), members: () => reader().members() },
    errors,
    /** Of the event loop, in ms, in the last 2 s. */
    delay: () => delay,
    /** Of connections of the role that were cut off, as far as a look has met that. */
    reconnects: () => reconnects,
    close() {
      clearInterval(timer);
      process.removeListener('exit', onExit);
      errors.close();
      eventLoop.close();
    }
  };
}

module.exports = { openFleet };
