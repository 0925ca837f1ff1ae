'use strict';

// The history in the fleet tab, in a real browser against a real admin: what it shows, to whom, and going back.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { Editor, noChromium, startBrowser } = require('../../support/browser.js');
const { raw } = require('../../support/settings-source.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const HOSTILE = '<img src=x onerror="window.hostile=1">';
const HEAD = `
const users = { ada: '*', reader: 'read' };
const userOf = async (username) => (username in users ? { username, permissions: users[username] } : null);
const adminAuth = {
  type: 'credentials',
  users: userOf,
  authenticate: async (username, password) => (password === 'password' ? userOf(username) : null)
};
`;
const flows = (name, more = []) => [
  { id: 'tab', type: 'tab', label: HOSTILE },
  { id: 'one', type: 'junction', z: 'tab', x: 300, y: 40, wires: [[]] },
  { id: 'note', type: 'comment', z: 'tab', name, info: '', x: 100, y: 40, wires: [] },
  ...more
];
const UPDATED = /flows on the server have been updated/i;

describe('the history in the fleet tab', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let token;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({
      server,
      flows: flows('first'),
      settingsHead: HEAD,
      settings: { adminAuth: raw('adminAuth') }
    });
    const body = {
      client_id: 'node-red-admin',
      grant_type: 'password',
      scope: '',
      username: 'ada',
      password: 'password'
    };
    token = (await admin.admin('/auth/token', { method: 'POST', body })).json().access_token;
    await deploy('second');
    await deploy(HOSTILE);
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  const deploy = (name, more) => admin.deploy(flows(name, more), { type: 'nodes', token });
  const deployed = () => admin.getFlows({ token });

  async function openAs(username) {
    const page = await browser.browser.newPage({ viewport: { width: 1200, height: 900 } });
    await page.goto(admin.url);
    await page.fill('#node-dialog-login-username', username);
    await page.fill('#node-dialog-login-password', 'password');
    await page.click('#node-dialog-login-submit');
    const editor = new Editor(page);
    await new FleetTab(editor).open();
    return editor;
  }

  const entry = ({ page }, sequence) => page.locator(`.red-ui-fleet-history-entry[data-sequence="${sequence}"]`);
  const nameOf = ({ page }) => page.evaluate(() => globalThis.RED.nodes.node('note').name);
  const button = (row) => row.getByRole('button', { name: 'Roll back', exact: true });

  async function sequences({ page }, wanted) {
    let seen;
    await until(
      async () => {
        seen = await page.evaluate(() =>
          [...globalThis.document.querySelectorAll('.red-ui-fleet-history-entry')].map((row) =>
            Number(row.dataset.sequence)
          )
        );
        return JSON.stringify(seen) === JSON.stringify(wanted);
      },
      { deadline: 30_000, message: () => `entries ${wanted}; there are ${seen}` }
    );
  }

  test('who has deployed, how, and what it has changed; markup as text', async () => {
    const editor = await openAs('reader');
    await sequences(editor, [3, 2, 1]);
    const text = await entry(editor, 3).innerText();
    for (const words of ['ada', 'deploy', 'runs', `+0 ~1 −0 ${HOSTILE}`]) {
      assert.ok(text.includes(words), `${words} in ${text}`);
    }
    assert.match(await entry(editor, 1).innerText(), /found on the disk/);
    await entry(editor, 2).locator('.red-ui-fleet-history-head').click();
    await entry(editor, 2)
      .getByText(/^name: "?first"? → "?second"?$/)
      .waitFor();
    await entry(editor, 3).locator('.red-ui-fleet-history-head').click();
    await entry(editor, 3).locator('.red-ui-fleet-history-property').waitFor();
    assert.equal(await editor.page.locator('.red-ui-fleet img').count(), 0);
    assert.equal(await editor.page.evaluate(() => globalThis.hostile), undefined);
    await keepPicture(editor.page, 'history-reader');
    // Who may only read flows can't bring one back.
    assert.equal(await button(entry(editor, 2)).count(), 0);
    await editor.page.close();
  });

  test('one is brought back, shown here at once and told in other editors, whose changes stay', async () => {
    const [editor, other] = await Promise.all([openAs('ada'), openAs('ada')]);
    await other.edit('note', { name: 'not deployed' });
    await sequences(editor, [3, 2, 1]);
    await entry(editor, 3).locator('.red-ui-fleet-history-head').click();
    await entry(editor, 3).locator('.red-ui-fleet-history-property').waitFor();
    assert.equal(await button(entry(editor, 3)).count(), 0, 'it runs');
    await entry(editor, 2).locator('.red-ui-fleet-history-head').click();
    await button(entry(editor, 2)).click();
    await editor.notice(/^Roll back to deploy 2 of /);
    await keepPicture(editor.page, 'history-confirm');
    assert.ok(!(await editor.page.getByText('They will be lost').isVisible()));
    await editor.page.getByLabel('why (optional)').fill('it leaked');
    await editor.press(/^Roll back to deploy 2/, 'Roll back');
    await editor.notice(/^Rolled back to deploy 2$/);

    const now = await deployed();
    assert.equal(now.flows.find(({ id }) => id === 'note').name, 'second');
    assert.equal(await nameOf(editor), 'second');
    const state = await editor.page.evaluate(() => {
      const { nodes, workspaces } = globalThis.RED;
      return [nodes.version(), nodes.dirty(), workspaces.active()];
    });
    assert.deepEqual(state, [now.rev, false, 'tab']);
    await sequences(editor, [4, 3, 2, 1]);
    const text = await entry(editor, 4).innerText();
    for (const words of ['ada', 'rollback to 2', 'runs', 'it leaked']) {
      assert.ok(text.includes(words), `${words} in ${text}`);
    }
    assert.ok(!(await editor.notices()).some((notice) => UPDATED.test(notice)));
    await keepPicture(editor.page, 'history-rolled-back');

    await other.notice(UPDATED);
    assert.equal(await nameOf(other), 'not deployed');
    // Node-RED 3 wants an answer first.
    const ignore = other.page.locator('.red-ui-notification').getByRole('button', { name: /^Ignore/ });
    if ((await ignore.count()) > 0) {
      await ignore.click();
    }
    await other.deploy();
    await other.notice(/more recent set of flows/);
    assert.equal((await deployed()).rev, now.rev);
    await Promise.all([editor.page.close(), other.page.close()]);
  });

  test('what is not deployed here is said to be lost, and nothing happens when that is not wanted', async () => {
    const editor = await openAs('ada');
    await sequences(editor, [4, 3, 2, 1]);
    await editor.edit('note', { name: 'not deployed' });
    await entry(editor, 1).locator('.red-ui-fleet-history-head').click();
    await button(entry(editor, 1)).click();
    await editor.page.getByText('They will be lost').waitFor();
    await editor.press(/^Roll back to deploy 1/, 'Cancel');
    await editor.noNotice(/^Roll back to/);
    assert.equal(await nameOf(editor), 'not deployed');
    await sequences(editor, [4, 3, 2, 1]);
    await editor.page.close();
  });

  test('types that are not installed are named first', async () => {
    await deploy('with one', [{ id: 'gone', type: 'gone-type', z: 'tab', x: 10, y: 10, wires: [] }]);
    await deploy('without');
    const editor = await openAs('ada');
    await sequences(editor, [6, 5, 4, 3, 2, 1]);
    await entry(editor, 5).locator('.red-ui-fleet-history-head').click();
    await button(entry(editor, 5)).click();
    await editor.press(/^Roll back to deploy 5/, 'Roll back');
    await editor.notice(/^Types that are not installed: gone-type$/);
    assert.equal((await deployed()).flows.length, 3);
    await keepPicture(editor.page, 'history-missing');
    await editor.press(/^Types that are not installed/, 'Roll back all the same');
    await until(async () => (await deployed()).flows.length === 4, { message: () => 'the rollback' });
    await until(() => nameOf(editor).then((name) => name === 'with one'), { message: () => 'it in the editor' });
    await editor.page.close();
  });
});
