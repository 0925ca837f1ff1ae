'use strict';

const { loadingTests } = require('../support/loading-tests');

loadingTests({ editor: true });
