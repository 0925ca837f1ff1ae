'use strict';

const { withHistory } = require('../history-connection');
const { historyLines } = require('../history-text');

/** @type {import('..').Command} */
module.exports = {
  summary: 'the deploys that are kept: who, when, what changed',
  usage: '[--json]',
  options: { json: { type: 'boolean', description: 'as JSON, for scripts: an array, the newest first' } },
  connects: true,
  run: (context) =>
    withHistory(context, async (reader) => {
      const text = await reader.entries();
      const { values, out, columns } = context;
      if (values.json) {
        out(text);
      } else {
        historyLines(JSON.parse(text), columns).forEach((line) => out(line));
      }
    })
};
