'use strict';

const { liveTests } = require('./palette-support/live-tests');

liveTests({ editor: true });
