'use strict';

// settings.js of every worker: no editor; what it runs comes from Valkey.

const common = require('./common');
const { valkey } = require('./valkey');

module.exports = {
  ...common,
  storageModule: require('node-red-storage-valkey'),
  valkey: valkey('worker'),
  httpAdminRoot: false
};
