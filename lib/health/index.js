'use strict';

/**
 * @import { CheckedOptions } from '../../binding'
 * @import { Log } from '../types/core'
 * @import { Answering } from './listener'
 * @import { Standing } from './standing'
 */

const NONE = { async open() {}, port: () => null, async close() {} };

/**
 * The probes of one instance, on a listener of their own: `<path>/live` says that the process
 * answers, `<path>/ready` whether the instance does its work. Without the option `health` nothing
 * listens.
 *
 * @param {object} params
 * @param {CheckedOptions['health']} params.options
 * @param {Log} params.log
 * @param {Standing} params.standing
 * @param {Record<string, Answering>} [params.more] what else is answered there, by path
 */
function createHealth({ options, log, standing, more = {} }) {
  if (!options) {
    return NONE;
  }
  const { createListener } = require('./listener');
  const { port, host, path } = options;
  const ready = () => {
    const body = standing.now();
    return { status: body.ready ? 200 : 503, body };
  };
  const live = () => ({ status: 200, body: { live: true } });
  const listener = createListener({
    port,
    host,
    log,
    answers: { [`${path}/live`]: live, [`${path}/ready`]: ready, ...more }
  });

  return {
    open: () => listener.open(),
    port: () => listener.port(),
    close: () => listener.close()
  };
}

module.exports = { createHealth };
