'use strict';

// How what is on the admin's disk goes to Valkey, and what is never sent.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createMirror } = require('../../lib/admin/mirror');
const { encrypt } = require('../../lib/flows/credentials');
const { createAdminParts } = require('./support/admin-parts');
const { OWN, flowsOf, plainOf } = require('./support/loading');

const FLOWS = [{ id: 'tab', type: 'tab' }];

/** A mirror; `sent`: the secrets that went with a pair; `alone`: those that went without one. */
function create() {
  let secret;
  const sent = [];
  const alone = [];
  const deploy = async (_flows, _credentials, given) => {
    sent.push(given);
    return { done: true };
  };
  const mirror = createMirror({
    core: {
      mirrorDeploy: deploy,
      background: { mirrorDeploy: deploy, mirrorSecret: async (given) => alone.push(given) }
    },
    files: { activeProject: () => null },
    secrets: { opens: () => true, toShare: () => secret },
    notices: { show: assert.fail },
    log: { warn: assert.fail, error: assert.fail },
    beforeSend() {},
    async onEqual() {}
  });
  return {
    mirror,
    sent,
    alone,
    becomes(changed) {
      secret = changed;
      mirror.mirrorNewSecret(changed);
    }
  };
}

test('a secret that Node-RED makes once it has loaded is shared at once, and once', () => {
  const { becomes, mirror, sent } = create();
  mirror.mirrorLoaded({ flows: FLOWS, credentials: {}, mirror: true });
  becomes('made');
  becomes('made');
  becomes('made anew');
  assert.deepEqual(sent, [undefined, 'made', 'made anew']);
});

test('before there are flows a secret goes alone, and never beside what another one encrypted', () => {
  const { alone, becomes, mirror, sent } = create();
  becomes('first');
  becomes('first');
  mirror.mirrorLoaded({ flows: FLOWS, credentials: {}, mirror: false });
  becomes('second');
  assert.deepEqual([alone, sent], [['first', 'second'], []]);
  mirror.mirrorLoaded({ flows: FLOWS, credentials: encrypt('second', {}), mirror: true });
  becomes('third');
  becomes(undefined);
  assert.deepEqual([alone, sent], [['first', 'second'], ['second']]);
});

const pairOf = (whose, mirror = true) => ({ flows: flowsOf(whose), credentials: encrypt(OWN, plainOf(whose)), mirror });

/** Long enough for what waits for nothing. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what is read is sent, as a pair with its secret', () => {
  const { core, mirror } = createAdminParts();
  mirror.mirrorLoaded(pairOf('read'));
  assert.deepEqual(core.sent, [{ flows: 'read', credentials: 'read', secret: OWN }]);
});

test('what may not be mirrored is not sent, neither then nor with later credentials, until flows are written', async () => {
  const { core, mirror, saving } = createAdminParts();
  mirror.mirrorLoaded(pairOf('read', false));
  assert.equal(mirror.onDisk().flows, null);
  await saving.credentials(encrypt(OWN, plainOf('later')));
  await turn();
  assert.deepEqual(core.sent, []);
  await saving.flows(flowsOf('written'));
  assert.deepEqual(core.sent, [{ flows: 'written', credentials: 'later', secret: OWN }]);
});

test('credentials that this admin can not read are not sent, nor are their flows, and that is told', () => {
  const { core, lines, mirror, shown } = createAdminParts();
  mirror.mirrorLoaded({ ...pairOf('read'), credentials: encrypt('another', {}) });
  assert.match(
    shown.get('held'),
    /^The credentials on this disk can not be decrypted: .* until it is deployed again\.$/
  );
  assert.deepEqual(core.sent, []);
  assert.equal(mirror.onDisk().flows, null);
  assert.deepEqual(lines, [
    'error: the credentials on this disk can not be decrypted: they and the flows are not mirrored; workers keep what they run'
  ]);
});

test('a later load that can not be read takes back what was read before', () => {
  const { mirror } = createAdminParts();
  mirror.mirrorLoaded(pairOf('first'));
  mirror.mirrorLoaded(pairOf('second', false));
  assert.equal(mirror.onDisk().flows, null);
});

test('once Valkey has it, nothing is lost any more; as long as it has not, it stays so', async () => {
  const { core, files, mirror, record } = createAdminParts();
  await record.begin({ flows: true }, await files.current());
  mirror.noteWritten({ flows: '[]', credentials: '{}' });
  core.answer = { done: false };
  await mirror.send(undefined);
  assert.ok(await record.read(await files.current()));
  core.answer = { done: true };
  await mirror.send(undefined);
  assert.equal(await record.read(await files.current()), null);
});

for (const [answer, line] of [
  [
    { done: false, away: 'no connection' },
    /^warn: saved on disk; workers are not updated yet, .*: no connection\. It is/
  ],
  [
    { done: true, unconfirmed: '0 of 1' },
    /^warn: saved on disk and mirrored, but a failover .*: 0 of 1 \(option 'waitReplicas'\)$/
  ]
]) {
  test(`what became of it is told: ${JSON.stringify(answer)}`, async () => {
    const { core, lines, mirror } = createAdminParts();
    mirror.noteWritten({ flows: '[]', credentials: '{}' });
    core.answer = answer;
    await mirror.send(undefined);
    assert.equal(lines.length, 1);
    assert.match(lines[0], line);
  });
}

test('who waits for a deploy gets its error; everything else is a warning', async () => {
  const { core, lines, mirror } = createAdminParts();
  mirror.noteWritten({ flows: '[]', credentials: '{}' });
  core.answer = new Error('refused');
  await assert.rejects(mirror.send(undefined), /refused/);
  assert.deepEqual(lines, []);
  await mirror.quietly(() => mirror.sendInBackground(undefined));
  assert.deepEqual(lines, ['warn: saved on disk, but not mirrored: refused']);
});

test('a pair belongs to the Project that is active', async () => {
  const project = { name: 'shop', credentialSecret: OWN };
  const { core, disk, local, mirror } = createAdminParts({ project });
  project.files = { flows: disk.path('shop/f.json'), credentials: disk.path('shop/c.json') };
  await local.getFlows();
  mirror.mirrorLoaded(pairOf('shop'));
  assert.deepEqual(core.sent, [{ flows: 'shop', credentials: 'shop', secret: OWN, project: 'shop' }]);
  assert.equal(mirror.onDisk().project, 'shop');
});
