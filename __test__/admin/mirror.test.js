'use strict';

// What the admin's mirror sends by itself: the secret, as soon as there is one.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createMirror } = require('../../lib/admin/mirror');
const { encrypt } = require('../../lib/flows/credentials');

const FLOWS = [{ id: 'tab', type: 'tab' }];

/** A mirror; `sent`: the secrets that went with a pair. */
function create() {
  let secret;
  const sent = [];
  const deploy = async (_flows, _credentials, given) => {
    sent.push(given);
    return { done: true };
  };
  const mirror = createMirror({
    core: { deploy, background: { deploy } },
    files: { activeProject: () => null },
    secrets: { opens: () => true, toShare: () => secret },
    log: { warn: assert.fail, error: assert.fail },
    beforeSend() {},
    async onEqual() {}
  });
  return {
    mirror,
    sent,
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

test('nothing is sent for a secret before there are flows, or beside what another one encrypted', () => {
  const { becomes, mirror, sent } = create();
  becomes('first');
  mirror.mirrorLoaded({ flows: FLOWS, credentials: {}, mirror: false });
  becomes('second');
  assert.deepEqual(sent, []);
  mirror.mirrorLoaded({ flows: FLOWS, credentials: encrypt('second', {}), mirror: true });
  becomes('third');
  becomes(undefined);
  assert.deepEqual(sent, ['second']);
});
