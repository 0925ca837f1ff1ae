'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * What Node-RED's own storage makes of a new user directory, so that packages have their place.
 *
 * @param {string} userDir
 */
async function prepareUserDir(userDir) {
  await fs.promises.mkdir(path.join(userDir, 'node_modules'), { recursive: true });
  const manifest = {
    name: 'node-red-project',
    description: 'A Node-RED Project',
    version: '0.0.1',
    private: true
  };
  const file = path.join(userDir, 'package.json');
  await fs.promises.writeFile(file, JSON.stringify(manifest, null, 4), { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') {
      throw error;
    }
  });
}

module.exports = { prepareUserDir };
