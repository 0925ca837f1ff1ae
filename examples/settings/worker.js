'use strict';

// settings.js of every worker: no editor; what it runs comes from Valkey.

const { common, valkey } = require('./environment');

module.exports = {
  ...common(),
  storageModule: require('node-red-storage-valkey'),
  valkey: valkey('worker'),
  httpAdminRoot: false
};
