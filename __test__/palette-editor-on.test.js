'use strict';

const { loadingTests } = require('./palette-support/loading-tests');

loadingTests({ editor: true });
