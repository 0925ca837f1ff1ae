'use strict';

const { codedError } = require('../../errors');
const { allOptions } = require('../command-options');
const { generalHelp, helpOf } = require('../help');
const { printable } = require('../printable');

/** @type {import('..').Command} */
module.exports = {
  summary: 'what there is, or what a command takes',
  usage: '[command]',
  options: {},
  connects: false,
  run({ args: [name], commands, out }) {
    if (name !== undefined && !Object.hasOwn(commands, name)) {
      throw codedError('ERR_VALKEY_OPTION', `there is no command '${printable(name)}'`);
    }
    out(name === undefined ? generalHelp(commands) : helpOf(name, commands[name], allOptions(commands[name])));
    return 0;
  }
};
