'use strict';

const { printable } = require('./printable');

/**
 * @import { Message, Said } from '../streams/show/message'
 */

/** @type {Record<number, string>} levels of Node-RED's log */
const LEVELS = { 10: 'fatal', 20: 'error', 30: 'warn' };

/** @param {string} text */
const oneLine = (text) => printable(text.replace(/\s*[\r\n]\s*/g, ' '));

/** @param {Date} time */
const clock = (time) => [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => String(n).padStart(2, '0'));

/** @param {Said} said */
const levelOf = ({ level }) => (level === undefined ? undefined : LEVELS[level]);

/** @param {Said} said */
const nodeOf = ({ name, id, type }) => name ?? (type && id ? `${type}:${id}` : id);

/**
 * One message as lines of text.
 *
 * @param {Message} message
 * @param {Date} [now]
 */
function logsLines(message, now = new Date()) {
  const head = `${clock(now).join(':')} [${message.worker.name}]`;
  switch (message.kind) {
    case 'left out':
      return [oneLine(`${head} ${message.count} left out: too many messages a second`)];
    case 'status':
      return message.statuses.map(([id, status]) =>
        oneLine(
          `${head} status ${id}: ${status ? [status.fill, status.shape, status.text].filter(Boolean).join(' ') : '(none)'}`
        )
      );
    default: {
      const { kind, said } = message;
      const node = nodeOf(said);
      return [oneLine(`${head} ${levelOf(said) ?? kind}${node ? ` ${node}` : ''}: ${said.msg}`)];
    }
  }
}

/**
 * The same as JSON, each on a line: `{ time, worker, id, kind, … }`.
 *
 * @param {Message} message
 * @param {Date} [now]
 */
function logsJson(message, now = new Date()) {
  const { worker, kind } = message;
  const head = { time: now.toISOString(), worker: worker.name, id: worker.id, kind };
  switch (kind) {
    case 'left out':
      return [JSON.stringify({ ...head, count: message.count })];
    case 'status':
      return message.statuses.map(([node, status]) => JSON.stringify({ ...head, node, status }));
    default: {
      const { id, z, name, topic, property, format, msg } = message.said;
      const level = levelOf(message.said);
      return [JSON.stringify({ ...head, level, node: id, flow: z, name, topic, property, format, text: msg })];
    }
  }
}

module.exports = { logsJson, logsLines };
