'use strict';

// What docs/context.md has a Function node run to copy from another store.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { migrationRecipe } = require('../../context/support/recipes.js');
const { startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { run, runFlow } = require('./support/context-flow.js');
const { MODULE, STATE, startSharing, untilReturns } = require('./support/instances.js');

const FILES = { module: 'localfilesystem' };

let server;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine('nodered:', STATE.password, { name: STATE.username })] });
});

after(stopAll);

test('what is in files is copied by the recipe', async () => {
  const admin = await startSharing('admin', server, {
    flows: runFlow(),
    settings: { contextStorage: { default: FILES } }
  });
  const fill = (scope) =>
    `${scope}.set(['count', '"with-hyphen"', 'object.part'], [5, 'text', [1, null]]); return ${scope}.keys();`;
  await run(admin, fill('flow'));
  await run(admin, fill('global'));

  await admin.restart({
    valkey: { state: STATE },
    settings: { ...admin.options.settings, contextStorage: { default: { module: MODULE }, old: FILES } }
  });
  assert.equal(await run(admin, 'return global.get("count") ?? null;'), null);
  const recipe = migrationRecipe('js');
  await run(admin, recipe);
  await run(admin, recipe.replaceAll('global.', 'flow.'));
  for (const scope of ['global', 'flow']) {
    await untilReturns(
      admin,
      `return [${scope}.get(['count', '"with-hyphen"', 'object']), ${scope}.keys().sort(), ${scope}.keys('default').length];`,
      [
        [5, 'text', { part: [1, null] }],
        ['count', 'object', ...(scope === 'global' ? ['shared'] : []), 'with-hyphen'],
        scope === 'global' ? 4 : 3
      ]
    );
  }
  const client = server.client();
  assert.equal(await client.get('nodered:context:global:with-hyphen'), '"text"');
  assert.equal(await client.get('nodered:context:global:shared'), null);
});
