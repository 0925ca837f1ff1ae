'use strict';

/** @import { Kind } from '../kinds' */

/** Bytes of one message. */
const MOST_BYTES = 8 * 1024;
/** Characters of its text, which is cut further where that is not enough. */
const MOST_TEXT = 6000;
/** What a longer text is cut to before it is looked at. */
const MOST_READ = 2 * MOST_TEXT;
/** Characters of names and ids. */
const MOST_NAME = 200;

/**
 * A short text of whatever it is; undefined when it is none.
 *
 * @param {unknown} value
 * @param {number} [most]
 */
function shortText(value, most = MOST_NAME) {
  switch (typeof value) {
    case 'string':
      return value.slice(0, most);
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

/**
 * The text of an object, a kind and a worker, cut until it fits; null when it does not fit without its text either.
 *
 * @param {{ id: string, name: string }} worker
 * @param {Kind} kind
 * @param {{ msg: string, format?: string, [name: string]: unknown }} data
 * @param {number} [length] of its text before
 */
function textOf(worker, kind, data, length = data.msg.length) {
  for (let most = MOST_TEXT; ; most = Math.floor(most / 2)) {
    const isCut = length > most;
    // What is cut can't be read as JSON any more.
    const fitting = isCut ? { ...data, msg: `${data.msg.slice(0, most)}…`, format: `string[${length}]` } : data;
    const text = JSON.stringify({ ...worker, kind, data: fitting });
    if (Buffer.byteLength(text) <= MOST_BYTES) {
      return text;
    }
    if (most === 0) {
      return null;
    }
  }
}

/**
 * What a Debug node has said, as it is published.
 *
 * @param {{ id: string, name: string }} worker
 * @param {Record<string, unknown>} said of the event `comms`
 * @param {(text: string) => string} redact
 */
function debugMessage(worker, said, redact) {
  const topic = shortText(said.topic);
  const data = {
    ...source(said),
    topic: topic === undefined ? undefined : redact(topic),
    property: shortText(said.property),
    msg: redact(shortText(said.msg, MOST_READ) ?? objectText(said.msg)),
    format: shortText(said.format)
  };
  return textOf(worker, 'debug', data, typeof said.msg === 'string' ? said.msg.length : undefined);
}

/**
 * A warning or an error of the log, as it is published.
 *
 * @param {{ id: string, name: string }} worker
 * @param {Record<string, unknown>} line as Node-RED's log hands it to its handlers
 * @param {(text: string) => string} redact
 */
function logMessage(worker, line, redact) {
  return textOf(worker, 'log', {
    ...source(line),
    level: shortText(line.level),
    type: shortText(line.type),
    time: Date.now(),
    msg: redact(logText(line.msg).slice(0, MOST_TEXT))
  });
}

/**
 * Of a large number Node-RED makes an object.
 *
 * @param {unknown} msg
 */
function objectText(msg) {
  const { data } = /** @type {{ data?: unknown }} */ (msg ?? {});
  return shortText(data) ?? '';
}

/** @param {unknown} msg */
function logText(msg) {
  try {
    const { message } = /** @type {{ message?: unknown }} */ (msg ?? {});
    const text = String(msg);
    return text === '[object Object]' && typeof message === 'string' ? message : text;
  } catch {
    // What can't be made a text has none.
    return '';
  }
}

/** @param {Record<string, unknown>} said */
function source(said) {
  return {
    id: shortText(said.id),
    z: shortText(said.z),
    _alias: shortText(said._alias),
    path: shortText(said.path, 1000),
    name: shortText(said.name)
  };
}

/**
 * How many messages were left out, as it is published.
 *
 * @param {{ id: string, name: string }} worker
 * @param {number} count
 */
const leftOutMessage = (worker, count) => JSON.stringify({ ...worker, kind: 'left out', data: { count } });

module.exports = { MOST_BYTES, debugMessage, leftOutMessage, logMessage, shortText };
