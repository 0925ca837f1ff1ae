#!/usr/bin/env node
'use strict';

const { runCli } = require('../lib/cli');

void runCli().then((code) => {
  process.exitCode = code;
});
