'use strict';

// What an admin loads of damaged flow and credential files, where it restores them from, and that
// it never has anything mirrored that was not read. With Projects: loading-projects.test.js.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');

const { encrypt } = require('../../lib/flows/credentials');
const { DAMAGE } = require('../support/damage');
const {
  CREDENTIALS,
  FLOWS,
  OWN,
  SHARED,
  WHOLE,
  create,
  flowsOf,
  holds,
  isAway,
  isEmpty,
  isUnusable,
  onDisk,
  plainOf,
  storedAs,
  whose
} = require('./support/loading');

test('what is whole is loaded and mirrored, and Valkey is not asked', async () => {
  const { load, lines, asked } = create();
  assert.deepEqual(await load(holds(storedAs('Valkey'))), { flows: 'disk', credentials: 'disk', ...WHOLE });
  assert.deepEqual([lines, asked], [[], []]);
});

test('a flow file that was there before, and is missing, is a loss', async () => {
  const { load, lines, disk } = create();
  await load(holds(storedAs('Valkey')));
  DAMAGE.missing.inflict(disk.path(FLOWS));
  await load(holds(storedAs('Valkey')));
  assert.deepEqual(lines, [`error: ${FLOWS} is missing: flows and credentials were restored from Valkey (revision 7)`]);
});

for (const [how, { inflict, detail }] of Object.entries(DAMAGE)) {
  const isMissing = how === 'missing';

  describe(`flows: ${how}`, () => {
    const damaged = (options) => {
      const admin = create(options);
      inflict(admin.disk.path(FLOWS));
      return admin;
    };
    const lost = (usable) => ({ mirror: false, lost: { flows: true, credentials: true, fresh: isMissing, usable } });

    test('restored from Valkey, with the credentials that belong to them', async () => {
      const { load, lines, disk } = damaged();
      assert.deepEqual(await load(holds(storedAs('Valkey'))), { flows: 'Valkey', credentials: 'Valkey', ...WHOLE });
      assert.deepEqual(onDisk(disk), { flows: 'Valkey', credentials: 'Valkey' });
      assert.equal(disk.has(`${FLOWS}.damaged`), !isMissing);
      assert.deepEqual(disk.json(`.${FLOWS}.backup`), flowsOf('backup'), 'the good backup is not lost to it');
      assert.equal(lines.length, 1, lines.join('\n'));
      // What is missing on a new disk was never there.
      assert.ok(lines[0].startsWith(`${isMissing ? 'warn' : 'error'}: ${FLOWS} ${detail}`), lines[0]);
      assert.match(lines[0], /: flows and credentials were restored from Valkey \(revision 7\)$/);
    });

    for (const [what, answer] of Object.entries({ isEmpty, isUnusable })) {
      test(`${what}: Node-RED's backup, with the credentials that are there`, async () => {
        const { load, lines, disk } = damaged();
        assert.deepEqual(await load(answer), { flows: 'backup', credentials: 'disk', ...WHOLE });
        assert.deepEqual(onDisk(disk), { flows: 'backup', credentials: 'disk' });
        assert.match(lines.at(-1), /: restored from Node-RED's backup, which is one deploy older$/);
        assert.equal(lines.length, answer === isUnusable ? 2 : 1);
      });

      test(`${what}, and no backup: nothing is mirrored`, async () => {
        const { load, lines, disk } = damaged({ backups: false });
        assert.deepEqual(await load(answer), { flows: undefined, credentials: 'disk', mirror: false, lost: null });
        const text = /starting without flows, nothing is mirrored$/;
        assert.equal(lines.filter((line) => text.test(line)).length, isMissing ? 0 : 1);
        assert.equal(whose(disk.json(CREDENTIALS)), 'disk');
      });
    }

    test("Valkey away: Node-RED's backup runs, and is not mirrored", async () => {
      const { load, disk } = damaged();
      assert.deepEqual(await load(isAway), { flows: 'backup', credentials: 'disk', ...lost(true) });
      assert.deepEqual(onDisk(disk), { flows: 'backup', credentials: 'disk' });
    });

    test('Valkey away, and no backup: nothing runs that could be mirrored', async () => {
      const { load } = damaged({ backups: false });
      assert.deepEqual(await load(isAway), { flows: undefined, credentials: 'disk', ...lost(false) });
    });

    test('a backup that is damaged as well is none', async () => {
      const { load, disk } = damaged();
      disk.write(`.${FLOWS}.backup`, '[{"cut');
      assert.equal((await load(isEmpty)).mirror, false);
    });

    test('a disk that refuses what is restored: it runs, and is not mirrored', async () => {
      const { load, lines, local } = damaged();
      local.failing.saveFlows = new Error('no space');
      const pair = await load(holds(storedAs('Valkey')));
      assert.deepEqual(pair, { flows: 'Valkey', credentials: 'Valkey', mirror: false, lost: null });
      assert.equal(
        lines.at(-1),
        "error: what was restored can't be written (no space): it runs all the same, the disk needs mending"
      );
    });
  });

  describe(`credentials: ${how}`, () => {
    const damaged = (options) => {
      const admin = create(options);
      inflict(admin.disk.path(CREDENTIALS));
      return admin;
    };
    const lost = (usable) => ({ mirror: false, lost: { flows: false, credentials: true, fresh: false, usable } });

    test('restored from Valkey, beside the flows of the disk', async () => {
      const { load, lines, disk } = damaged();
      assert.deepEqual(await load(holds(storedAs('Valkey'))), { flows: 'disk', credentials: 'Valkey', ...WHOLE });
      assert.deepEqual(onDisk(disk), { flows: 'disk', credentials: 'Valkey' });
      assert.equal(disk.has(`${CREDENTIALS}.damaged`), !isMissing);
      assert.match(
        lines.join('\n'),
        /^error: flows_cred\.json .*: credentials were restored from Valkey \(revision 7\)$/
      );
    });

    for (const [what, answer] of Object.entries({
      isEmpty,
      isUnusable,
      'holds none': holds(storedAs('Valkey', { credentials: {} }))
    })) {
      test(`${what}: Node-RED's backup`, async () => {
        const { load, lines } = damaged();
        assert.deepEqual(await load(answer), { flows: 'disk', credentials: 'backup', ...WHOLE });
        assert.match(lines.at(-1), /: restored from Node-RED's backup, which is one deploy older$/);
      });

      test(`${what}, and no backup: ${isMissing ? 'there may never have been any' : 'nothing is mirrored'}`, async () => {
        const { load, lines } = damaged({ backups: false });
        assert.deepEqual(await load(answer), { flows: 'disk', credentials: null, mirror: isMissing, lost: null });
        const text = /starting without credentials, nothing is mirrored$/;
        assert.equal(lines.filter((line) => text.test(line)).length, isMissing ? 0 : 1);
      });
    }

    test("Valkey away: Node-RED's backup runs, and is not mirrored", async () => {
      const { load } = damaged();
      assert.deepEqual(await load(isAway), { flows: 'disk', credentials: 'backup', ...lost(true) });
    });

    test('Valkey away, and no backup: nothing is mirrored', async () => {
      const { load } = damaged({ backups: false });
      assert.deepEqual(await load(isAway), { flows: 'disk', credentials: null, ...lost(isMissing) });
    });

    test('a disk that refuses what is restored: it runs, and is not mirrored', async () => {
      const { load, local } = damaged();
      local.failing.saveCredentials = new Error('no space');
      const pair = await load(holds(storedAs('Valkey')));
      assert.deepEqual(pair, { flows: 'disk', credentials: 'Valkey', mirror: false, lost: null });
    });
  });
}

test('whatever is damaged, only what is on the disk is mirrored', async () => {
  const none = { nothing: { inflict() {} } };
  const answers = { holds: holds(storedAs('Valkey')), isEmpty, isAway, isUnusable };
  for (const [flowsHow, flows] of Object.entries({ ...none, ...DAMAGE })) {
    for (const [credentialsHow, credentials] of Object.entries({ ...none, ...DAMAGE })) {
      for (const backups of [true, false]) {
        for (const [what, answer] of Object.entries(answers)) {
          const { disk, load } = create({ backups });
          flows.inflict(disk.path(FLOWS));
          credentials.inflict(disk.path(CREDENTIALS));
          const pair = await load(answer);
          const told = `flows ${flowsHow}, credentials ${credentialsHow}, backups ${backups}, Valkey ${what}`;
          if (pair.mirror) {
            assert.ok(pair.flows, told);
            assert.deepEqual(onDisk(disk), { flows: pair.flows, credentials: pair.credentials }, told);
          }
          const needsValkey = flowsHow !== 'nothing' || credentialsHow !== 'nothing';
          assert.equal(pair.lost !== null, what === 'isAway' && needsValkey, told);
          assert.ok(!(pair.lost && pair.mirror), told);
        }
      }
    }
  }
});

test('what this process had before is as good as what Valkey holds', async () => {
  const { disk, load, lines } = create();
  disk.write(FLOWS, '[{"cut');
  const pair = await load(holds({ ...storedAs('memory', { secret: OWN }), settings: '{}', source: 'memory' }));
  assert.deepEqual(pair, { flows: 'memory', credentials: 'memory', ...WHOLE });
  assert.match(lines.join('\n'), /flows and credentials were restored from memory$/);
});

describe('the secret', () => {
  const foreign = encrypt(SHARED, plainOf('disk'));

  test('that was lost is taken over from Valkey when it decrypts what is on the disk', async () => {
    const { disk, load, lines, stored } = create();
    disk.write(CREDENTIALS, foreign);
    assert.deepEqual(await load(holds(storedAs('Valkey'))), { flows: 'disk', credentials: 'disk', ...WHOLE });
    assert.equal(stored._credentialSecret, SHARED);
    assert.deepEqual(lines, [
      'error: the secret that decrypts the credentials was lost on this disk: it was restored from Valkey'
    ]);
  });

  test('of others is not', async () => {
    const { disk, loading, stored, lines } = create();
    disk.write(CREDENTIALS, foreign);
    const pair = await loading.load({ fetchStored: holds(storedAs('Valkey', { secret: 'another' })), first: true });
    assert.deepEqual(pair.credentials, foreign);
    assert.equal(stored._credentialSecret, OWN);
    assert.deepEqual(lines, []);
  });

  test('that is lost while Valkey is away: nothing is mirrored until it has been asked', async () => {
    const { disk, loading } = create();
    disk.write(CREDENTIALS, foreign);
    const pair = await loading.load({ fetchStored: isAway, first: true });
    assert.deepEqual(pair, {
      flows: flowsOf('disk'),
      credentials: foreign,
      mirror: false,
      lost: { flows: false, credentials: false, fresh: false, usable: true }
    });
  });
});
