'use strict';

const { removalTests } = require('../support/removal-tests');

removalTests({ editor: false });
