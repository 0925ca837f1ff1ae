'use strict';

// What workers say, in the editor of the admin: real processes, and a connection such as the editor's.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { startAdminWithTab } = require('../editor/support/fleet-tab.js');
const { startInstance, stopAll } = require('../support/admin-and-workers.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { openEditor } = require('./support/open-editor.js');
const { talkingFlow } = require('./support/talking-flow.js');

const CHANNEL = 'nodered:fleet:debug';
const KEY = 'nodered:fleet:watch';

describe('debug output, log and statuses of workers in the editor of the admin', () => {
  let server;
  let client;
  let admin;
  let workers;
  let editor;

  /** An editor looks at this from now on. */
  const look = async (watch, viewer = 'editor-1') => {
    const path = '/node-red-storage-valkey/fleet/watch';
    const { json } = await admin.admin(path, { method: 'POST', body: { viewer, watch } });
    return json();
  };
  const ask = async (instance, path) => assert.equal((await instance.http(path)).status, 200, path);
  const everywhere = (path) => Promise.all(workers.map((worker) => ask(worker, path)));
  const isKnown = async (instance, path) => (await instance.http(path)).status === 200;
  /** Waits until the workers tell, or no longer tell, what they are asked to say. */
  const listeners = async (count) =>
    until(async () => (await client.pubsub('NUMSUB', CHANNEL))[1] === count, { message: () => `${count} that listen` });
  const looked = async (watch, expected, probe = '/debug/1') => {
    assert.deepEqual(await look(watch), { watching: watch, problem: null });
    await listeners(1);
    const from = editor.heard.length;
    await until(
      async () => {
        await everywhere(probe);
        return expected(editor.heard.slice(from));
      },
      {
        message: () => `what the workers say; there is ${JSON.stringify(editor.heard.slice(from).slice(-3))}`,
        interval: 100
      }
    );
  };
  const tells = (heard) =>
    ['A', 'B'].every((name) => heard.some(({ data }) => String(data?.msg).startsWith(`${name}:`)));

  before(async () => {
    server = await startServer();
    client = server.client();
    admin = await startAdminWithTab({ server, flows: talkingFlow() });
    workers = await Promise.all(
      ['A', 'B'].map((name) => startInstance('worker', server, { user: undefined, env: { INSTANCE: name } }))
    );
    await until(async () => (await Promise.all(workers.map((worker) => isKnown(worker, '/debug/0')))).every(Boolean));
    editor = await openEditor(admin);
  });

  after(async () => {
    editor?.close();
    await Promise.all([admin?.stop(), stopAll()]);
    await server?.stop();
  });

  test('as long as nobody looks, nothing is published, asked or listened to', async () => {
    const monitor = await server.monitor();
    const commands = [];
    monitor.on('monitor', (_time, words) => commands.push(words.map(String)));
    const before = (await client.client('LIST')).split('\n').filter((line) => !line.includes('cmd=monitor')).length;
    await everywhere('/debug/50');
    await everywhere('/warn/quiet');
    await everywhere('/status/quiet');
    // Longer than all that workers do by themselves takes to come round.
    await until(() => commands.filter(([name]) => /^(ping|info)$/i.test(name)).length > 20, { deadline: 15_000 });
    assert.deepEqual(
      commands.filter((words) => words.some((word) => word.startsWith('nodered:fleet:debug') || word === KEY)),
      []
    );
    const after = (await client.client('LIST')).split('\n').filter((line) => !line.includes('cmd=monitor')).length;
    assert.equal(after, before);
    assert.deepEqual(
      editor.debug().filter(({ name }) => name?.startsWith('[')),
      []
    );
    monitor.disconnect();
  });

  test('debug output of two workers is in the sidebar at once, with their names and its node', async (t) => {
    await looked({ '*': ['debug'] }, tells);
    const from = editor.heard.length;
    const begin = performance.now();
    await everywhere('/debug/1');
    await until(() => tells(editor.heard.slice(from)));
    t.diagnostic(`both after ${(performance.now() - begin).toFixed(0)} ms`);
    const [one] = editor.debug().filter(({ time }) => time >= begin);
    assert.match(one.name, /^\[.+\] out$/);
    assert.deepEqual(
      { id: one.id, z: one.z, path: one.path, topic: one.topic, property: one.property, format: one.format },
      { id: 'sink', z: 'tab', path: 'tab', topic: 't', property: 'payload', format: 'string[3]' }
    );
    assert.ok(
      editor.debug().every(({ msg }) => !/quiet/.test(msg)),
      'its log was not asked for'
    );
  });

  test('of a thousand messages a second 20 come, and a count', async () => {
    await looked({ '*': ['debug'] }, tells);
    // The second before is over.
    await until(() => performance.now() - editor.heard.at(-1).time > 1100);
    const from = editor.heard.length;
    await ask(workers[0], '/debug/1000');
    const since = () => editor.heard.slice(from).map(({ data }) => data.msg);
    await until(() => since().some((text) => /left out/.test(text)), { message: 'the count' });
    assert.equal(since().filter((text) => text.startsWith('A:')).length, 20);
    assert.ok(since().includes('980 left out: too many messages a second'), since().at(-1));
  });

  test('warnings and errors of the log, once each', async () => {
    await looked({ '*': ['debug', 'log'] }, tells);
    const from = editor.heard.length;
    await everywhere('/warn/hello');
    const lines = () => editor.heard.slice(from).filter(({ data }) => /hello$/.test(data.msg));
    await until(() => lines().length >= 4);
    assert.deepEqual(
      lines()
        .map(({ data }) => [data.id, data.level, data.msg])
        .sort(),
      [
        ['warn-do', 20, 'E hello'],
        ['warn-do', 20, 'E hello'],
        ['warn-do', 30, 'hello'],
        ['warn-do', 30, 'hello']
      ]
    );
    assert.match(lines()[0].data.name, /^\[.+\] warn$/);
  });

  test('statuses are those of the workers as long as somebody looks, then those of the admin again', async () => {
    await ask(admin, '/status/mine');
    await everywhere('/status/before');
    const last = () => editor.under('status/status-do').at(-1)?.data ?? {};
    await until(() => last().text === 'mine');
    await look({ '*': ['status'] });
    const both = (text) => new RegExp(`^\\[.+\\] ${text}, \\[.+\\] ${text}$`);
    await until(() => both('before').test(last().text), { message: () => `both; there is ${last().text}` });
    await everywhere('/status/after');
    await until(() => both('after').test(last().text));
    // One that is opened meanwhile sees the same.
    const later = await openEditor(admin);
    await until(() => both('after').test(later.under('status/status-do').at(-1)?.data.text));
    later.close();
    await look({});
    await until(() => last().text === 'mine');
    await listeners(0);
    assert.equal(await client.exists(KEY), 0);
  });

  test('two editors look at different things, and one of them ceases to', async () => {
    await look({ '*': ['debug'] }, 'editor-1');
    assert.deepEqual(await look({ nobody: ['log'] }, 'editor-2'), {
      watching: { '*': ['debug'], nobody: ['log'] },
      problem: null
    });
    assert.deepEqual((await look({}, 'editor-1')).watching, { nobody: ['log'] });
    assert.deepEqual((await look({}, 'editor-2')).watching, {});
  });

  test('a flood of whoever may publish closes nothing but is counted, and deploys go on', async () => {
    await looked({ '*': ['debug'] }, tells);
    const from = admin.mark();
    const heard = editor.heard.length;
    const message = JSON.stringify({
      id: 'x',
      name: 'x',
      kind: 'debug',
      data: { msg: 'flood '.repeat(1000), format: 'string[6000]' }
    });
    const flood = async () => {
      for (let turn = 0; turn < 40; turn++) {
        const pipe = client.pipeline();
        for (let count = 0; count < 500; count++) {
          pipe.publish(CHANNEL, message);
        }
        await pipe.exec();
      }
    };
    const flooding = flood();
    await admin.deploy([
      ...talkingFlow(),
      { id: 'more', type: 'comment', z: 'tab', name: 'flooded', x: 1, y: 1, wires: [] }
    ]);
    await flooding;
    await until(() => editor.heard.slice(heard).some(({ data }) => /^\d{4,} left out/.test(data?.msg)), {
      message: 'the count'
    });
    assert.ok(editor.heard.slice(heard).filter(({ data }) => /^flood/.test(data?.msg)).length <= 20_000);
    assert.doesNotMatch(admin.logs.slice(from), /connection lost|reconnect|not reachable/i);
  });

  test('what is published by hand is no command, and is shown as text or not at all', async () => {
    await looked({ '*': ['debug', 'log', 'status'] }, tells);
    const html = '<img src=x onerror=alert(1)>';
    const worker = { id: 'evil', name: html };
    const debug = (data) => JSON.stringify({ ...worker, kind: 'debug', data });
    const from = editor.heard.length;
    const flows = await admin.getFlows();
    for (const text of [
      '',
      '{',
      'null',
      '[1]',
      '{"__proto__":{"kind":"debug"}}',
      JSON.stringify({ ...worker, kind: 'deploy', data: { flows: [] } }),
      JSON.stringify({
        ...worker,
        kind: 'status',
        data: { statuses: [['sink', { text: html, fill: html, shape: {} }], [html, {}], 7] }
      }),
      debug({ msg: { a: 1 } }),
      debug({ msg: 'x'.repeat(9000) }),
      debug({ msg: '{', format: 'Object', id: html, z: html, path: 'tab/none/sink', name: html, topic: html }),
      debug({
        msg: JSON.stringify({ __enc__: true, type: 'set', data: { length: html }, length: html }),
        format: 'set[1]',
        tools: [html]
      }),
      debug({ msg: 'last', format: 'string[4]', id: 'sink', path: 'gone/sink' })
    ]) {
      await client.publish(CHANNEL, text);
    }
    const shown = () =>
      editor.heard.slice(from).filter(({ topic, data }) => topic === 'debug' && data.name?.startsWith(`[${html}]`));
    await until(() => shown().some(({ data }) => data.msg === 'last'));
    assert.deepEqual(
      shown().map(({ data }) => [data.format, data.id, data.path]),
      [
        ['string[1]', undefined, undefined],
        [
          `string[${JSON.stringify({ __enc__: true, type: 'set', data: { length: html }, length: html }).length}]`,
          undefined,
          undefined
        ],
        ['string[4]', 'sink', 'tab']
      ]
    );
    const known = new Set(['id', 'z', 'path', '_alias', 'name', 'topic', 'property', 'msg', 'format', 'level', 'type']);
    assert.ok(shown().every(({ data }) => Object.keys(data).every((key) => known.has(key))));
    await until(() => editor.under('status/sink').at(-1)?.data.text?.includes(html));
    assert.deepEqual(Object.keys(editor.under('status/sink').at(-1).data), ['text']);
    assert.deepEqual(await admin.getFlows(), flows);
    await look({});
  });

  test('who looks is seen by no more than a text that somebody may have spoilt', async () => {
    for (const text of ['{', '[]', 'x'.repeat(100_000), '{"a":7}']) {
      await client.set(KEY, text);
      await looked({ '*': ['debug'] }, tells);
    }
    await client.del(KEY);
    await client.hset(KEY, 'a', 'b');
    assert.equal((await look({ '*': ['debug'] })).problem, null);
    await look({});
  });

  test('an editor has no right to look without one to see flows', async () => {
    const { status } = await admin.http('/node-red-storage-valkey/fleet/watch', {
      method: 'POST',
      body: { viewer: 'x' }
    });
    assert.equal(status, 400);
    const worker = await startNodeRed({ role: 'worker', server, httpAdmin: true });
    const answer = await worker.http('/node-red-storage-valkey/fleet/watch', {
      method: 'POST',
      body: { viewer: 'x', watch: {} }
    });
    assert.equal(answer.status, 404);
    await worker.stop();
  });
});
