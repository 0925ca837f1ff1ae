'use strict';

// settings.js of the admin: the editor, and the disk that is the source of truth.

const common = require('./common');
const { flag, secrets, text, wrong } = require('./environment');
const { valkey } = require('./valkey');

/** The editor's log-in. The hash is made with `node-red admin hash-pw`; without it anybody may use the editor. */
function adminAuth() {
  const username = text('ADMIN_USERNAME');
  const password = secrets.ADMIN_PASSWORD_HASH;
  if (!password && username) {
    throw wrong('ADMIN_USERNAME', 'is set without ADMIN_PASSWORD_HASH: anybody could use the editor');
  }
  const users = [{ username: username || 'admin', password, permissions: '*' }];
  return password ? { adminAuth: { type: 'credentials', users } } : {};
}

module.exports = {
  ...common,
  storageModule: require('node-red-storage-valkey'),
  valkey: valkey('admin'),
  ...adminAuth(),
  editorTheme: { projects: { enabled: flag('PROJECTS') ?? false } }
};
