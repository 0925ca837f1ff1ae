'use strict';

// A deploy is two writings, credentials and then flows: whatever it was cut short after, the next
// start finds the credentials and flows of one deploy.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { createJournal } = require('../../lib/admin/journal');
const { createLogLines } = require('../support/log-lines');
const { DAMAGE } = require('../support/damage');
const { Disk } = require('./support/admin-disk');

const JOURNAL = path.join('.node-red-storage-valkey', 'deploy-journal.json');
const NAMES = { flows: 'flows.json', credentials: 'flows_cred.json' };
const EARLIER = { flows: '["earlier"]', credentials: '{"earlier":1}' };
const NEWER = { flows: '["newer"]', credentials: '{"newer":1}' };
const opens = () => true;

function start(pair = EARLIER) {
  const disk = new Disk();
  for (const [what, text] of Object.entries(pair)) {
    if (text !== null) {
      disk.write(NAMES[what], text);
    }
  }
  const { log, lines } = createLogLines();
  const files = { flows: disk.path(NAMES.flows), credentials: disk.path(NAMES.credentials) };
  return { disk, files, lines, journal: createJournal(disk.dir, log) };
}

const pairOn = (disk) => ({ flows: disk.text(NAMES.flows), credentials: disk.text(NAMES.credentials) });

/** The steps of a deploy, as saving goes through them. */
const STEPS = [
  ['the journal is begun', ({ journal, files }) => journal.begin(files)],
  ['the credentials are written', ({ disk }) => disk.write(NAMES.credentials, NEWER.credentials)],
  ['the flows are written', ({ disk }) => disk.write(NAMES.flows, NEWER.flows)],
  ['the journal is ended', ({ journal }) => journal.end()]
];

for (const [begin, wantedBefore] of [
  ['a deploy', EARLIER],
  ['the first deploy of a disk', { flows: null, credentials: null }],
  ['the first deploy with credentials', { flows: EARLIER.flows, credentials: null }]
]) {
  for (let done = 0; done <= STEPS.length; done += 1) {
    const [last] = STEPS[done - 1] || ['anything is done'];
    test(`${begin} that is cut short when ${last}`, async () => {
      const started = start(wantedBefore);
      for (const [, step] of STEPS.slice(0, done)) {
        await step(started);
      }
      const { disk, journal, lines } = started;
      await journal.recover(opens);
      assert.deepEqual(pairOn(disk), done < 3 ? wantedBefore : NEWER);
      assert.ok(!disk.has(JOURNAL), 'no journal is left');
      assert.deepEqual(
        lines,
        done === 2
          ? ['warn: the last deploy was cut short before its flows were written: its credentials were rolled back']
          : []
      );
      // Once is enough.
      await journal.recover(opens);
      assert.deepEqual(pairOn(disk), done < 3 ? wantedBefore : NEWER);
    });
  }
}

test('a deploy that fails at its flows is undone in the running process', async () => {
  const { disk, journal, files } = start();
  await journal.begin(files);
  disk.write(NAMES.credentials, NEWER.credentials);
  await journal.undo();
  assert.deepEqual(pairOn(disk), EARLIER);
  assert.ok(!disk.has(JOURNAL));
  await journal.undo();
  assert.deepEqual(pairOn(disk), EARLIER);
});

test('earlier credentials that nothing here decrypts any more are not put back', async () => {
  const { disk, journal, files, lines } = start();
  await journal.begin(files);
  disk.write(NAMES.credentials, NEWER.credentials);
  const asked = [];
  await journal.recover((text) => {
    asked.push(text);
    return false;
  });
  assert.deepEqual(asked, [EARLIER.credentials]);
  assert.equal(disk.text(NAMES.credentials), NEWER.credentials);
  assert.ok(!disk.has(JOURNAL));
  assert.match(lines.join('\n'), /^warn: .*the earlier ones can no longer be decrypted, so the new ones stay$/);
});

test('the files that the deploy was about count, whatever is loaded now', async () => {
  const { disk, journal } = start();
  const files = { flows: disk.path('projects/shop/flow.json'), credentials: disk.path('projects/shop/cred.json') };
  disk.write('projects/shop/flow.json', EARLIER.flows);
  disk.write('projects/shop/cred.json', EARLIER.credentials);
  await journal.begin(files);
  disk.write('projects/shop/cred.json', NEWER.credentials);
  await journal.recover(opens);
  assert.equal(disk.text('projects/shop/cred.json'), EARLIER.credentials);
  assert.deepEqual(pairOn(disk), EARLIER);
});

for (const [how, { inflict }] of Object.entries(DAMAGE)) {
  if (how !== 'unreadable') {
    test(`a journal that is ${how} leaves the files as they are`, async () => {
      const { disk, journal, files, lines } = start();
      await journal.begin(files);
      disk.write(NAMES.credentials, NEWER.credentials);
      inflict(disk.path(JOURNAL));
      await journal.recover(opens);
      assert.deepEqual(pairOn(disk), { ...EARLIER, credentials: NEWER.credentials });
      assert.ok(!disk.has(JOURNAL));
      assert.deepEqual(lines, []);
    });
  }
}

test('credentials that can not be read are told, and the journal stays for the next start', async () => {
  const { disk, journal, files } = start();
  await journal.begin(files);
  DAMAGE.unreadable.inflict(files.credentials);
  await assert.rejects(journal.recover(opens), { code: /^(EISDIR|EACCES|EPERM)$/ });
  assert.ok(disk.has(JOURNAL));
});

test('a journal that can not be written is an error before anything else is', async () => {
  const { disk, journal, files } = start();
  disk.write('.node-red-storage-valkey', 'a file in the place of the folder');
  await assert.rejects(journal.begin(files), { code: /^(EEXIST|ENOTDIR)$/ });
});
