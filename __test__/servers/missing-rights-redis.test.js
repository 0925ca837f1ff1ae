'use strict';

const { testMissingRights } = require('./support/missing-rights.js');

testMissingRights('redis-6');
