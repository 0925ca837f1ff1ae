'use strict';

const { testMissingRights } = require('./support/missing-rights.js');

testMissingRights('valkey-9');
