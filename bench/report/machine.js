'use strict';

// What the figures were measured on.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { findServer } = require('../../scripts/valkey-server.js');

const ROOT = path.join(__dirname, '..', '..');

function versionOf(name) {
  const file = require.resolve(`${name}/package.json`, { paths: [ROOT] });
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}

async function describeMachine() {
  const [cpu] = os.cpus();
  const server = await findServer({ preferValkey: true });
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${os.cpus().length} × ${cpu?.model.trim() || 'processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${os.arch()}`,
    node: process.versions.node,
    nodeRed: versionOf('node-red'),
    ioredis: versionOf('ioredis'),
    server: `${server.flavour.replace(/-.*/, '')} ${server.version}`,
    module: versionOf('.')
  };
}

module.exports = { describeMachine };
