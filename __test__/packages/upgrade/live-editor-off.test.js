'use strict';

const { liveTests } = require('../support/live-tests');

liveTests({ editor: false });
