'use strict';

// The context store that everybody writes first: ioredis, a value a key, and so nothing but callbacks.

const Redis = require('ioredis');

module.exports = ({ host, port }) => {
  const client = new Redis({ host, port, lazyConnect: true });
  const name = (scope, key) => `plain-context:${scope}:${key}`;
  return {
    open: () => client.connect(),
    close: async () => client.disconnect(),
    get(scope, key, callback) {
      if (!callback) {
        return;
      }
      client.get(name(scope, key)).then((text) => callback(null, JSON.parse(text)), callback);
    },
    set(scope, key, value, callback = () => {}) {
      client.set(name(scope, key), JSON.stringify(value)).then(() => callback(), callback);
    },
    keys: (_scope, callback) => callback(null, []),
    async delete() {},
    async clean() {}
  };
};
