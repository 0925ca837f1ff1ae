'use strict';

const storage = require('./lib/storage');

/** @import { StorageModule } from './lib/types/core' */

/**
 * Node-RED tests for these with hasOwnProperty, and reads `projects` before `init`: an object
 * literal with a getter gives it both.
 *
 * @type {StorageModule}
 */
const storageModule = {
  init: (settings, runtime) => storage.init(settings, runtime),
  getFlows: () => storage.instance().getFlows(),
  saveFlows: (flows, user) => storage.instance().saveFlows(flows, user),
  getCredentials: () => storage.instance().getCredentials(),
  saveCredentials: (credentials) => storage.instance().saveCredentials(credentials),
  getSettings: () => storage.instance().getSettings(),
  saveSettings: (settings) => storage.instance().saveSettings(settings),
  getSessions: () => storage.instance().getSessions(),
  saveSessions: (sessions) => storage.instance().saveSessions(sessions),
  getLibraryEntry: (type, path) => storage.instance().getLibraryEntry(type, path),
  saveLibraryEntry: (type, path, meta, body) => storage.instance().saveLibraryEntry(type, path, meta, body),
  get projects() {
    return storage.projects();
  }
};

module.exports = storageModule;
