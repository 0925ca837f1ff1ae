'use strict';

const { codedError } = require('../../errors');
const { withHistory } = require('../history-connection');
const { differenceLines } = require('../history-text');
const { sequenceOf } = require('../sequence');

/** @type {import('..').Command} */
module.exports = {
  summary: 'what a deploy has changed, or what differs between two',
  usage: 'SEQUENCE [SEQUENCE] [--json]',
  options: { json: { type: 'boolean', description: 'as JSON, for scripts' } },
  connects: true,
  async run(context) {
    const { args, values, out } = context;
    if (args.length < 1 || args.length > 2) {
      throw codedError('ERR_VALKEY_OPTION', 'which deploy? Give its number, or two; the command history has them');
    }
    const sequences = args.map(sequenceOf);
    const [from, to] = sequences.length === 1 ? [undefined, sequences[0]] : sequences;
    return withHistory(context, async (reader) => {
      const text = await reader.difference(from, to);
      if (values.json) {
        out(text);
      } else {
        differenceLines(JSON.parse(text)).forEach((line) => out(line));
      }
    });
  }
};
