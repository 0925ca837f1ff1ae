'use strict';

const { blockersTests } = require('../support/blockers-tests');

blockersTests({ editor: true });
