'use strict';

// The configurations in examples/sentinel/compose.yaml, as a container there makes them, taken by a real server and a
// real Sentinel.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const Redis = require('ioredis');

const { findServer } = require('../../../scripts/valkey-server.js');
const { spawnOwned } = require('../../support/own-processes.js');
const { freePort } = require('../../support/port.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const yaml = fs.readFileSync(path.join(__dirname, '..', '..', '..', 'examples', 'sentinel', 'compose.yaml'), 'utf8');

const skip = process.platform === 'win32';
/** A block of the file, without its indentation. */
const block = (pattern) => pattern.exec(yaml)[1].replace(/^ +/gm, '');

/** Starts what a container of this kind does: `env` holds the configurations, and /data is the folder. */
function container({ kind, dir, server, env }) {
  const [, quoted] = new RegExp(`x-${kind}: &${kind}[\\s\\S]*?entrypoint: (\\[.*\\])`).exec(yaml);
  const [shell, flag, script] = JSON.parse(quoted.replace(/\$\$/g, '$'));
  const here = (text) => text.replace(/\/data\b/g, dir).replace(/\$\{\w+_PASSWORD[^}]*\}/g, 'secret');
  const bin = tempDir('bin');
  fs.symlinkSync(server, path.join(bin, `valkey-${kind}`));
  const all = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, here(text)]));
  const child = spawnOwned(shell, [flag, here(script)], {
    env: { ...process.env, ...all, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
    cwd: dir,
    stdio: 'ignore'
  });
  return {
    stop: async () => {
      child.kill();
      await until(() => child.exitCode !== null || child.signalCode !== null, { message: `the end of the ${kind}` });
    }
  };
}

async function asked(options, work) {
  const client = new Redis({ host: '127.0.0.1', password: 'secret', enableReadyCheck: false, ...options });
  client.on('error', () => {});
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** The newest server, or nothing: then the test is left out. */
async function serverFor(t) {
  const found = await findServer({ flavour: 'valkey-9' }).catch((error) => t.skip(error.message));
  return found?.path;
}

test('neither servers nor Sentinels run as root', () => {
  for (const kind of ['server', 'sentinel']) {
    assert.match(yaml, new RegExp(`x-${kind}: &${kind}\n {2}image: \\S+\n(?: {2}#.*\n)* {2}user: valkey\n`));
  }
});

test(
  'a server makes its configuration once, takes it, and keeps what a failover writes into it',
  { skip },
  async (t) => {
    const server = await serverFor(t);
    if (!server) {
      return;
    }
    const dir = tempDir('server');
    const conf = block(/x-server-conf: &server-conf \|\n((?: {2}.*\n)+)/);
    const place = block(/PLACE: \|\n((?: {8}.*valkey-2\n)(?: {8}.*\n)+)/);
    assert.match(place, /replicaof valkey-1 6379/);
    const port = await freePort();
    const env = {
      SERVER_CONF: conf,
      // Not the one of the name, which nobody knows here.
      PLACE: `${place.replace('valkey-1 6379', '127.0.0.1 1')}bind 127.0.0.1\nport ${port}\n`
    };
    const first = container({ kind: 'server', dir, server, env });
    await asked({ port }, async (client) => {
      assert.equal((await client.role())[0], 'slave');
      // As a Sentinel makes one the master.
      await client.replicaof('NO', 'ONE');
      await client.config('REWRITE');
    });
    await first.stop();
    const second = container({ kind: 'server', dir, server, env });
    assert.equal((await asked({ port }, (client) => client.role()))[0], 'master');
    await second.stop();
  }
);

test(
  "a Sentinel takes its configuration, and Node-RED's user may ask it what it needs and no more",
  { skip },
  async (t) => {
    const server = await serverFor(t);
    if (!server) {
      return;
    }
    const dir = tempDir('sentinel');
    const port = await freePort();
    const conf = block(/SENTINEL_CONF: \|\n((?: {6}.*\n)+)/).replace('valkey-1 6379', '127.0.0.1 1');
    const [, username] = /REDIS_SENTINEL_USERNAME: (\S+)/.exec(yaml);
    assert.match(yaml, /REDIS_SENTINEL_PASSWORD: \$\{SENTINEL_PASSWORD:\?set it\}/);
    const env = { SENTINEL_CONF: `${conf}bind 127.0.0.1\nport ${port}\n` };
    // The second time from what the first one has written.
    for (let time = 0; time < 2; time += 1) {
      const sentinel = container({ kind: 'sentinel', dir, server, env });
      await asked({ port, username }, async (client) => {
        assert.deepEqual(await client.call('SENTINEL', 'get-master-addr-by-name', 'mymaster'), ['127.0.0.1', '1']);
        assert.deepEqual(await client.call('SENTINEL', 'sentinels', 'mymaster'), []);
        await assert.rejects(client.call('SENTINEL', 'remove', 'mymaster'), /NOPERM/);
        assert.equal(await client.subscribe('+switch-master'), 1);
      });
      await sentinel.stop();
    }
  }
);
