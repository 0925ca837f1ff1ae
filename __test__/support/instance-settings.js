'use strict';

const path = require('node:path');
const { raw } = require('./settings-source.js');

const MODULE = path.join(__dirname, '..', '..', 'index.js');

/** What of a server (see server.js) belongs into `settings.valkey`. */
function connectionTo(server, user) {
  return {
    host: server.host,
    port: server.port,
    ...(user ? { username: user.username, password: user.password } : { password: server.password })
  };
}

/** The settings of one instance, before what the test wants otherwise. */
function defaultSettings(options, port) {
  const { role, server, user, connection, valkey, httpAdmin = role !== 'worker' } = options;
  const stored = role && {
    storageModule: raw(`require(${JSON.stringify(MODULE)})`),
    valkey: {
      role,
      ...(server ? connectionTo(server, user) : {}),
      ...connection,
      ...valkey
    }
  };
  return {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'info', metrics: false, audit: false } },
    ...(httpAdmin ? {} : { httpAdminRoot: false }),
    ...(role === 'worker' ? { editorTheme: { palette: { editable: false } } } : {}),
    ...stored
  };
}

module.exports = { defaultSettings };
