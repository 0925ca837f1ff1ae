'use strict';

const { openCore } = require('../../../lib/binding/core.js');
const { optionsAsText } = require('../../../lib/options/index.js');
const { createLogLines } = require('../../support/log-lines.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

/**
 * Opens an admin or a worker without Node-RED, with a server user of its own that has the name of the
 * role where it is not said.
 *
 * @param {'admin' | 'worker'} role
 * @param {object} valkey options besides
 */
function openAsUser(role, valkey) {
  const { lines, log } = createLogLines();
  const events = [];
  const core = openCore(role === 'admin' ? 'Admin' : 'Worker', {
    options: optionsAsText({
      role,
      username: role,
      password: `${role}-secret`,
      connectionName: role,
      ...valkey
    }),
    userDir: tempDir(role),
    log: { ...log, debug() {} },
    onEvent: (event) => events.push(event)
  });
  const shown = () => lines.join('\n');
  const logged = (pattern, deadline) =>
    until(() => lines.some((line) => pattern.test(line)), { deadline, message: () => `${pattern} in\n${shown()}` });
  return { core, lines, events, shown, logged, connected: () => logged(/Connected to/) };
}

/** The arguments of a deploy that can be told from others by its number. */
const deployOf = (number) => [
  JSON.stringify([{ id: `n${number}`, type: 'tab', label: String(number) }]),
  `{"$":"${number}"}`,
  's',
  undefined
];

/** A library folder with these entries, as the disk has it. */
const listing = (...entries) => JSON.stringify({ types: ['functions'], entries });

/** The text of a library entry with this body. */
const entry = (body) => JSON.stringify({ fn: body });

module.exports = { openAsUser, deployOf, listing, entry };
