'use strict';

const { isObject } = require('../../is-object');
const { isKind } = require('../kinds');

/**
 * @import { Kind } from '../kinds'
 * @import { Status } from '../publish/statuses'
 */

// What comes over the channel can be written by anybody who may publish there. It is never a command, and of what it
// says nothing is taken that is not expected.

/** Characters of a worker's name, of an id, of a name of a node. */
const MOST_NAME = 255;
/** Characters of a path of ids. */
const MOST_PATH = 1000;
/** Statuses in one message: it has 8 KiB. */
const MOST_STATUSES = 1000;
const FILLS = new Set(['red', 'green', 'yellow', 'blue', 'grey', 'gray']);
const SHAPES = new Set(['ring', 'dot']);

/**
 * A message that was understood.
 *
 * @typedef {{ worker: { id: string, name: string } } & (
 *   | { kind: 'debug' | 'log', said: Said }
 *   | { kind: 'status', first: boolean, statuses: Array<[string, Status]> }
 *   | { kind: 'left out', count: number }
 * )} Message
 */

/**
 * @typedef {object} Said
 * @property {string} msg
 * @property {string} [id]
 * @property {string} [z]
 * @property {string} [_alias]
 * @property {string} [path]
 * @property {string} [name]
 * @property {string} [topic]
 * @property {string} [property]
 * @property {string} [format]
 * @property {string} [type]
 * @property {number} [level]
 * @property {number} [time] ms since 1970, by the worker's clock
 */

/**
 * Without characters that do something where they are shown; undefined when it is no text.
 *
 * @param {unknown} value
 * @param {number} [most]
 */
function plain(value, most = MOST_NAME) {
  return typeof value === 'string' && value !== ''
    ? // eslint-disable-next-line no-control-regex
      value.slice(0, most).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ')
    : undefined;
}

/**
 * @param {Record<string, unknown>} data
 * @returns {Said | null}
 */
function saidOf(data) {
  if (typeof data.msg !== 'string') {
    return null;
  }
  const level = Number(data.level);
  return {
    msg: data.msg,
    id: plain(data.id),
    z: plain(data.z),
    _alias: plain(data._alias),
    path: plain(data.path, MOST_PATH),
    name: plain(data.name),
    topic: plain(data.topic),
    property: plain(data.property),
    format: plain(data.format),
    type: plain(data.type),
    level: [10, 20, 30].includes(level) ? level : undefined,
    time: typeof data.time === 'number' && Number.isFinite(data.time) ? data.time : undefined
  };
}

/**
 * @param {unknown} value
 * @returns {Status}
 */
function statusOf(value) {
  if (!isObject(value)) {
    return null;
  }
  const text = plain(value.text) ?? '';
  const fill = FILLS.has(value.fill) ? value.fill : undefined;
  const shape = SHAPES.has(value.shape) ? value.shape : undefined;
  return text === '' && !fill && !shape ? null : { text, fill, shape };
}

/**
 * Reads one message; null when it is none.
 *
 * @param {string} text
 * @returns {Message | null}
 */
function readMessage(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || !isObject(value.data)) {
    return null;
  }
  const { kind, data } = value;
  const id = plain(value.id);
  const name = plain(value.name) ?? id;
  if (id === undefined || name === undefined) {
    return null;
  }
  const worker = { id, name };
  if (kind === 'left out') {
    const { count } = data;
    return Number.isSafeInteger(count) && count > 0 ? { worker, kind, count } : null;
  }
  if (!isKind(kind)) {
    return null;
  }
  if (kind === 'status') {
    const given = Array.isArray(data.statuses) ? data.statuses.slice(0, MOST_STATUSES) : [];
    const entries = given.filter((entry) => Array.isArray(entry) && plain(entry[0]) === entry[0]);
    /** @type {Array<[string, Status]>} */
    const statuses = entries.map(([node, status]) => [node, statusOf(status)]);
    return { worker, kind, first: data.first === true, statuses };
  }
  const said = saidOf(data);
  return said && { worker, kind, said };
}

module.exports = { readMessage };
