'use strict';

// The fleet tab for users of the editor with different rights.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { aFleet, anInstance, answerInPlace } = require('./support/fleet-answers.js');
const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { raw } = require('../../support/settings-source.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const READ_ALL_BUT_FLOWS = ['settings.read', 'nodes.read', 'plugins.read', 'icons.read', 'status.read', 'comms.read'];
const USERS = {
  all: '*',
  reads: 'read',
  lists: [...READ_ALL_BUT_FLOWS, 'flows.read', 'flows.write'],
  lacks: READ_ALL_BUT_FLOWS,
  none: []
};
const HEAD = `
const users = ${JSON.stringify(USERS)};
const userOf = async (username) => (username in users ? { username, permissions: users[username] } : null);
const adminAuth = {
  type: 'credentials',
  users: userOf,
  authenticate: async (username, password) => (password === 'password' ? userOf(username) : null)
};
`;
const ROUTES = ['editor', 'deployed'];
const SUMMARY = /^1 of 1 worker runs the last deploy$/;

describe('users of the fleet tab', () => {
  let browser;
  let server;
  let admin;

  before(async () => {
    server = await startServer();
    admin = await startAdminWithTab({
      server,
      flows: [{ id: 'tab', type: 'tab', label: 'Flow' }],
      settingsHead: HEAD,
      settings: { adminAuth: raw('adminAuth') }
    });
    browser = noChromium() ? undefined : await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  async function logIn(username) {
    const body = { client_id: 'node-red-editor', grant_type: 'password', scope: '', username, password: 'password' };
    return (await admin.admin('/auth/token', { method: 'POST', body })).json().access_token;
  }

  /** The status of each route for a user; undefined for one who has not logged in. */
  async function statuses(username) {
    const headers = username ? { Authorization: `Bearer ${await logIn(username)}` } : {};
    const answers = await Promise.all(
      ROUTES.map((route) => admin.http(`/node-red-storage-valkey/${route}`, { headers }))
    );
    return answers.map(({ status }) => status);
  }

  test('routes answer who may read flows, and tell others so', async () => {
    for (const name of ['all', 'reads', 'lists']) {
      assert.deepEqual(await statuses(name), [200, 200], name);
    }
    assert.deepEqual(await statuses('lacks'), [200, 401]);
    assert.deepEqual(await statuses('none'), [401, 401]);
    assert.deepEqual(await statuses(), [401, 401]);
  });

  /** Opens the editor, and logs in there. */
  async function openAs(username, fleet = aFleet([anInstance('w1')])) {
    const page = await browser.browser.newPage({ viewport: { width: 1200, height: 900 } });
    const answers = await answerInPlace(page, fleet);
    await page.goto(admin.url);
    await page.fill('#node-dialog-login-username', username);
    await page.fill('#node-dialog-login-password', 'password');
    await page.click('#node-dialog-login-submit');
    return { page, answers };
  }

  for (const [name, maySet] of [
    ['all', true],
    ['lists', true],
    ['reads', false]
  ]) {
    test(
      `'${name}' sees the instances, and may${maySet ? '' : ' not'} set a placement`,
      { skip: noChromium() },
      async () => {
        const editor = await openAs(name);
        const tab = await new FleetTab(editor).open();
        await tab.untilText(tab.summary, SUMMARY);
        assert.equal(await editor.page.getByLabel('Flow', { exact: true }).isDisabled(), !maySet);
        await keepPicture(editor.page, `user-${name}`);
        await editor.page.close();
      }
    );
  }

  test('who may not read flows is told so', { skip: noChromium() }, async () => {
    const editor = await openAs('lacks', 401);
    // Without flows the editor does not come to its end.
    await editor.page.waitForFunction(() =>
      globalThis.RED?.actions?.list?.().some(({ id }) => /show-fleet-tab/.test(id))
    );
    await editor.page.evaluate(() => globalThis.RED.sidebar.show('node-red-storage-valkey-fleet'));
    await until(() => editor.answers.count > 0, { message: () => 'a question' });
    const tab = new FleetTab(editor);
    await until(async () => /You do not have permission/.test(await tab.empty.textContent()), {
      message: () => 'that'
    });
    await keepPicture(editor.page, 'user-lacks');
    await editor.page.close();
  });
});
