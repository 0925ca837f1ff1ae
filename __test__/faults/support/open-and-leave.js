'use strict';

// Opens an instance, deploys if told so, and has nothing more to do: the process ends by itself.

const { openInstance } = require('./addon.js');

const { role, server, valkey, userDir, deploy } = JSON.parse(process.argv[2]);

async function main() {
  const instance = await openInstance({
    role,
    server,
    valkey,
    userDir,
    onLine: (level, text) => console.log(`[${level}] ${text}`)
  });
  if (deploy) {
    await instance.deploy(deploy);
  }
  console.log('nothing more to do');
}

void main();
