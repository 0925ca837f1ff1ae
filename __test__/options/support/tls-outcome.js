'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');

const { checkOptions, openCore } = require('../../../lib/binding/core.js');
const { optionsAsText } = require('../../../lib/options/index.js');
const { createLogLines } = require('../../support/log-lines.js');
const { until } = require('../../support/wait.js');

const read = (file) => fs.readFileSync(file, 'utf8');

/** Opens a worker's connections and gives the first line that tells how it went. */
async function outcome(server, options, name = 'localhost') {
  const given = { role: 'worker', host: name, port: server.tlsPort, ...options };
  const { lines, log } = createLogLines();
  const text = optionsAsText(given);
  checkOptions(text.text);
  const core = openCore('Worker', { options: text, log, onEvent: () => {} });
  try {
    return await until(() => lines.find((line) => /^(error|warn): |Connected to/.test(line)), { message: 'outcome' });
  } finally {
    await core.close();
  }
}

async function connects(server, options, name) {
  const line = await outcome(server, options, name);
  assert.match(line, /^info: Connected to /);
}

module.exports = { connects, outcome, read };
