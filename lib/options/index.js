'use strict';

const { codedError } = require('../errors');

/**
 * @import { Functions, NatFunction, ReconnectFunction, RetryFunction } from '../../binding'
 * @import { Options, RawOptions } from '../types/core'
 */

/**
 * `settings.valkey` as JSON text for the core (a function becomes `{"$function":true}`, a Buffer
 * `{"$buffer":"<base64>"}`), and the functions that the core calls.
 *
 * @param {unknown} options
 * @returns {Options}
 */
function optionsAsText(options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw codedError(
      'ERR_VALKEY_OPTION',
      "settings.js needs an object 'valkey', e.g. valkey: { role: 'admin', host: 'localhost' }"
    );
  }
  const raw = /** @type {RawOptions} */ (options);
  const made = mayAskForTls(raw) ? require('./tls').withPlainTls(raw) : raw;
  return { text: JSON.stringify(plain(made, [])), functions: functionsOf(raw) };
}

/** @param {RawOptions} options of which most say nothing of it */
function mayAskForTls({ tls, sentinelTLS, url, redisOptions }) {
  const ofNodes = /** @type {RawOptions | null | undefined} */ (redisOptions);
  return [tls, sentinelTLS, url, ofNodes?.tls].some((given) => given !== undefined);
}

/**
 * @param {unknown} value
 * @param {object[]} parents the objects that it stands in
 * @returns {unknown}
 */
function plain(value, parents) {
  if (typeof value === 'function') {
    return { $function: true };
  }
  if (Buffer.isBuffer(value)) {
    return { $buffer: value.toString('base64') };
  }
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (parents.includes(value)) {
    throw codedError('ERR_VALKEY_OPTION', "the object 'valkey' in settings.js refers to itself");
  }
  const within = [...parents, value];
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, within));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, within)]));
}

/**
 * ioredis takes the options of a cluster's nodes from `redisOptions`; those beside it win. As in the core, an empty
 * text counts as not given.
 *
 * @param {RawOptions} options
 * @param {string} name
 */
function ofNodes(options, name) {
  const redisOptions = /** @type {RawOptions | undefined} */ (options.redisOptions);
  const absent = options[name] === undefined || options[name] === '';
  return absent && redisOptions ? redisOptions[name] : options[name];
}

/**
 * The user's functions as the core calls them: none throws.
 *
 * @param {RawOptions} options
 * @returns {Functions}
 */
function functionsOf(options) {
  return {
    retryStrategy: retryCallback(ofNodes(options, 'retryStrategy')),
    sentinelRetryStrategy: retryCallback(options.sentinelRetryStrategy),
    sentinelReconnectStrategy: retryCallback(options.sentinelReconnectStrategy),
    clusterRetryStrategy: retryCallback(options.clusterRetryStrategy),
    reconnectOnError: reconnectCallback(ofNodes(options, 'reconnectOnError')),
    natMap: natCallback(ofNodes(options, 'natMap')),
    serverIdentity: (...asked) => require('./server-identity').serverIdentity(options)(...asked)
  };
}

/**
 * What a function of the user's threw, for one line of the log.
 *
 * @param {unknown} error
 */
function thrown(error) {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `threw ${text.split('\n')[0].slice(0, 200)}`;
}

/**
 * What a function returned that was not expected, for the same; what is no number is not shown.
 *
 * @param {unknown} value
 */
function returned(value) {
  if (value instanceof Promise) {
    return 'returned a Promise';
  }
  return `returned ${typeof value === 'number' ? value : `a value of type ${typeof value}`}`;
}

/**
 * A strategy as the core calls it: gives `{delay}` in ms, `{end}` or `{failed}`.
 *
 * @param {unknown} strategy
 * @returns {RetryFunction | undefined}
 */
function retryCallback(strategy) {
  if (typeof strategy !== 'function') {
    return undefined;
  }
  return (times) => {
    try {
      const delay = strategy(times);
      if (typeof delay === 'number' && Number.isFinite(delay)) {
        return { delay: Math.max(0, delay) };
      }
      // What ioredis documents for "no more"; everything else is an oversight worth a line.
      const meant = delay === null || delay === undefined || delay === false;
      return { end: meant ? '' : `${returned(delay)}, not a number of milliseconds` };
    } catch (error) {
      // It says nothing about when to retry: go on as if there were none.
      return { failed: thrown(error) };
    }
  };
}

/**
 * `reconnectOnError(error)` as the core calls it: gives 0 (nothing), 1 (reconnect), 2 (and resend),
 * or a text that says why it gives nothing.
 *
 * @param {unknown} reconnectOnError
 * @returns {ReconnectFunction | undefined}
 */
function reconnectCallback(reconnectOnError) {
  if (typeof reconnectOnError !== 'function') {
    return undefined;
  }
  return (words, command) => {
    try {
      const error = Object.assign(new Error(words), {
        name: 'ReplyError',
        command: { name: command.toLowerCase(), args: [] }
      });
      const answer = reconnectOnError(error);
      if (answer === true || answer === 1) {
        return 1;
      }
      if (answer === 2 || !answer) {
        return answer ? 2 : 0;
      }
      return `${returned(answer)}, not false, true, 1 or 2`;
    } catch (error) {
      return thrown(error);
    }
  };
}

/**
 * `natMap(key)` as the core calls it: gives an address, or null to leave it as it is.
 *
 * @param {unknown} natMap
 * @returns {NatFunction | undefined}
 */
function natCallback(natMap) {
  if (typeof natMap !== 'function') {
    return undefined;
  }
  return (announced) => {
    try {
      const { host, port } = natMap(announced) || {};
      const number = Number(port);
      const usable =
        typeof host === 'string' && host !== '' && Number.isInteger(number) && number > 0 && number < 65536;
      return usable ? { host, port: number } : null;
    } catch {
      return null;
    }
  };
}

module.exports = { optionsAsText };
