'use strict';

/** Every row, the most important first. */
module.exports = [
  require('./small-deploys.js'),
  require('./far-server.js'),
  require('./large-deploys.js'),
  require('./many-workers.js'),
  require('./history.js'),
  require('./start-large.js'),
  require('./start-small.js'),
  require('./large-save.js'),
  require('./outages.js'),
  require('./crowd.js'),
  require('./fleet.js'),
  require('./library.js'),
  require('./values.js'),
  require('./context-access.js'),
  require('./context-shared.js'),
  require('./context-endings.js'),
  require('./context-faults.js'),
  require('./footprint.js')
];
