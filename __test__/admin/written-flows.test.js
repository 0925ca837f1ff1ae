'use strict';

// The text of flows that Node-RED's own local storage writes: seen while it writes, and made into the text that is
// mirrored, which is what `JSON.stringify` gives, byte for byte.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { createWrittenFlows } = require('../../lib/admin/written-flows');
const { openCore } = require('../../lib/binding/core');
const { startServer } = require('../support/server');
const { tempDir } = require('../support/temp-dir');
const { until } = require('../support/wait');
const { Disk } = require('./support/admin-disk');

const NODE_RED = process.env.TEST_NODE_RED || path.dirname(require.resolve('node-red/package.json'));
const STORAGE = path.join(
  path.dirname(require.resolve('@node-red/runtime/package.json', { paths: [NODE_RED] })),
  'lib',
  'storage',
  'localfilesystem'
);
const local = require(STORAGE);
const writer = require(path.join(STORAGE, 'util'));
const { writeFile } = writer;
const WAYS = { 'without indentation': false, 'with indentation': true };

/** Whatever may stand in a flow and could come out otherwise. */
const ODD = [
  { id: 'tab', type: 'tab', label: ' a  tab ', info: 'line\nline\r\n\ttab "quoted" \\ \\" \u2028\u2029\u0000\u007f' },
  { id: 'half', type: 'comment', name: '\ud83d', info: '\ude00 \ud83d\ude00 \ufeff ä 日本' },
  { id: 'empty', type: 'x', a: [], b: {}, c: '', d: [[]], e: [{}], ' f  g ': null, '"\\': [[['\\']]] },
  { id: 'numbers', type: 'x', a: -0, b: 1e21, c: 1e-7, d: Infinity, e: NaN, f: 0.1, g: undefined, h: [undefined] },
  {
    id: 'special',
    type: 'x',
    when: new Date(0),
    ['__proto__']: { a: 1 },
    toJSON: 'none',
    nested: { toJSON: () => [' '] }
  }
];

const settingsOf = (userDir, flowFilePretty) => ({
  userDir,
  flowFile: 'flows.json',
  flowFilePretty,
  getUserSettings: () => ({})
});

async function openStorage(flowFilePretty, more) {
  const disk = new Disk();
  await local.init({ ...settingsOf(disk.dir, flowFilePretty), ...more }, { log: { _: String } });
  await local.getFlows();
  return disk;
}

let core;
const closing = [];

before(async () => {
  const server = await startServer();
  core = openCore('Admin', {
    options: { text: JSON.stringify({ role: 'admin', host: server.host, port: server.port }), functions: {} },
    userDir: tempDir('written-flows'),
    log: { error: assert.fail, warn() {}, info() {}, debug() {} },
    onEvent() {}
  });
  await core.open();
  closing.push(core.close, () => server.stop());
  await until(() => core.health()?.connection === 'ready', { message: 'the connection' });
  await core.mirrorSettings('{}');
});

after(async () => {
  for (const close of closing) {
    await close();
  }
});

for (const [way, pretty] of Object.entries(WAYS)) {
  test(`what is written ${way} is seen, and mirrored as JSON.stringify gives it`, async () => {
    const disk = await openStorage(pretty);
    const written = createWrittenFlows({ local, writer });
    const stringify = JSON.stringify;
    for (const flows of [ODD, [], [{ id: 'a', type: 'tab' }]]) {
      let made = 0;
      JSON.stringify = (...given) => {
        made += 1;
        return stringify(...given);
      };
      const saving = written.save(flows, undefined);
      JSON.stringify = stringify;
      assert.equal(made, 1, 'by local storage alone');
      assert.equal(writer.writeFile, writeFile);
      await saving.written;
      assert.equal(disk.text('flows.json'), saving.text);
      const prepared = await core.prepareFlows(saving.text);
      assert.equal(prepared.text(), JSON.stringify(flows));
      assert.equal((await core.mirrorDeploy(prepared, '{}')).done, true);
      const stored = await core.readForRestore(1000);
      assert.equal(stored.flows, JSON.stringify(flows));
      prepared.release();
      assert.equal(prepared.text(), null);
      assert.throws(() => core.mirrorDeploy(prepared, '{}'), { code: 'ERR_VALKEY_INTERNAL' });
    }
  });
}

test('where nothing is written, the text is made', async () => {
  const disk = await openStorage(true, { readOnly: true });
  const saving = createWrittenFlows({ local, writer }).save(ODD, undefined);
  await saving.written;
  assert.equal(saving.text, JSON.stringify(ODD));
  assert.ok(!disk.has('flows.json'));
});

test('where local storage writes in another way, the text is made', async () => {
  const flows = [{ id: 'a', type: 'tab' }];
  const others = {
    later: async (to) => {
      await null;
      await to.writeFile('flows.json', 'later');
    },
    twice: async (to) => {
      await Promise.all([to.writeFile('flows.json', '[1]'), to.writeFile('another.json', '[2]')]);
    },
    bytes: (to) => to.writeFile('flows.json', Buffer.from('[1]')),
    other: (to) => to.writeFile('flows.json', '{"flows":[]}'),
    'without it': async () => {}
  };
  for (const [name, saveFlows] of Object.entries(others)) {
    const seen = [];
    const other = { writeFile: async (...given) => void seen.push(given) };
    const { writeFile: original } = other;
    const saving = createWrittenFlows({ local: { saveFlows: () => saveFlows(other) }, writer: other }).save(flows);
    assert.equal(other.writeFile, original, name);
    await saving.written;
    assert.equal(saving.text, JSON.stringify(flows), name);
  }
  assert.equal(
    createWrittenFlows({ local: { async saveFlows() {} }, writer: null }).save(flows).text,
    '[{"id":"a","type":"tab"}]'
  );
});

test('a storage that fails is told of, and leaves the way it writes as it was', async () => {
  for (const saveFlows of [
    () => {
      throw new Error('at once');
    },
    async () => {
      throw new Error('later');
    }
  ]) {
    const saving = createWrittenFlows({ local: { saveFlows }, writer }).save([]);
    assert.equal(writer.writeFile, writeFile);
    await assert.rejects(saving.written, /at once|later/);
  }
});
