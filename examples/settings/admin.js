'use strict';

// settings.js of the admin: the editor, and the disk that is the source of truth.

const { common, secret, valkey } = require('./environment');

// Made with `node-red admin hash-pw`. Without it anybody who reaches the editor may use it.
const hash = secret('ADMIN_PASSWORD_HASH');

module.exports = {
  ...common(),
  storageModule: require('node-red-storage-valkey'),
  valkey: valkey('admin'),
  ...(hash
    ? {
        adminAuth: {
          type: 'credentials',
          users: [{ username: process.env.ADMIN_USERNAME || 'admin', password: hash, permissions: '*' }]
        }
      }
    : {}),
  editorTheme: { projects: { enabled: process.env.PROJECTS === 'true' } }
};
