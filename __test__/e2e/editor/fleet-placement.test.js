'use strict';

// Where flows run, and how it is set, in the fleet tab of a real editor.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { aFleet, anInstance, answerInPlace } = require('./support/fleet-answers.js');
const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const OTHER = { name: 'OTHER', value: '1', type: 'num' };
const placed = (value) => ({ name: 'CLUSTER_PLACEMENT', value, type: 'str' });
const FLOWS = [
  { id: 'everywhere', type: 'tab', label: 'Everywhere', env: [OTHER] },
  { id: 'once', type: 'tab', label: 'Once', env: [placed('once')] },
  { id: 'wrong', type: 'tab', label: 'Wrong', env: [placed('nice')] }
];
const FLEET = aFleet([
  anInstance('admin', { role: 'admin' }),
  anInstance('w1', { labels: ['site-a'], report: { tabs: ['once'] } }),
  anInstance('w2', { labels: ['site-b'] }),
  anInstance('w3', { labels: ['site-b'], state: 'lost' })
]);

describe('the placement of flows', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let editor;
  let tab;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: FLOWS });
    editor = await browser.openEditor(admin);
    await answerInPlace(editor.page, FLEET);
    tab = await new FleetTab(editor).open();
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  const row = (label) =>
    editor.page
      .locator('.red-ui-fleet-placement')
      .filter({ has: editor.page.locator(`label:text-is(${JSON.stringify(label)})`) });
  const where = (label) => row(label).locator('.red-ui-fleet-placement-where');
  const kind = (label) => editor.page.getByLabel(label, { exact: true });
  const envOf = (id) => editor.page.evaluate((tabId) => globalThis.RED.nodes.workspace(tabId).env ?? [], id);
  const isDirty = () => editor.page.evaluate(() => globalThis.RED.nodes.dirty());
  const undo = () => editor.page.evaluate(() => globalThis.RED.history.pop());

  test('shows where each flow runs', async () => {
    await tab.untilText(where('Everywhere'), /^Runs on 3 instances$/);
    await tab.untilText(where('Once'), /^Runs on w1$/);
    await tab.untilText(where('Wrong'), /^Runs nowhere: 'nice' is not a placement$/);
    assert.equal(await kind('Once').inputValue(), 'once');
    await row('Wrong').scrollIntoViewIfNeeded();
    await keepPicture(editor.page, 'placement');
  });

  test('sets it as a change of the flow that can be undone', async () => {
    assert.equal(await isDirty(), false);
    await kind('Everywhere').selectOption('workers');
    assert.deepEqual(await envOf('everywhere'), [OTHER, placed('workers')]);
    assert.equal(await isDirty(), true);
    await tab.untilText(where('Everywhere'), /^Runs on 2 instances$/);
    await undo();
    assert.deepEqual(await envOf('everywhere'), [OTHER]);
    assert.equal(await isDirty(), false);
    await until(async () => (await kind('Everywhere').inputValue()) === 'all', { message: () => 'the old choice' });
  });

  test('takes labels, and tells of those that are none', async () => {
    await kind('Everywhere').selectOption('label');
    const labels = row('Everywhere').locator('input');
    assert.equal(await labels.evaluate((input) => input === globalThis.document.activeElement), true);
    await labels.fill('not a label!');
    await labels.press('Tab');
    assert.equal(await labels.getAttribute('aria-invalid'), 'true');
    assert.deepEqual(await envOf('everywhere'), [OTHER]);
    await labels.fill('site-b, site-c');
    await labels.press('Tab');
    assert.equal(await labels.getAttribute('aria-invalid'), 'false');
    assert.deepEqual(await envOf('everywhere'), [OTHER, placed('label:site-b,site-c')]);
    await tab.untilText(where('Everywhere'), /^Runs on 1 instance$/);
    const offered = await editor.page.locator('datalist option').evaluateAll((all) => all.map(({ value }) => value));
    assert.deepEqual(offered, ['site-a', 'site-b']);
  });

  test('is deployed as the rest of the flow is', async () => {
    await kind('Once').selectOption('once:label');
    const labels = row('Once').locator('input');
    await labels.fill('site-a');
    await labels.press('Enter');
    await kind('Wrong').selectOption('all');
    await editor.deploy();
    await editor.notice(/Successfully deployed/);
    const { flows } = await admin.getFlows();
    assert.deepEqual(
      flows.filter(({ type }) => type === 'tab').map(({ id, env }) => [id, env]),
      [
        ['everywhere', [OTHER, placed('label:site-b,site-c')]],
        ['once', [placed('once:site-a')]],
        ['wrong', []]
      ]
    );
    assert.equal(await isDirty(), false);
  });

  test('follows what is done elsewhere in the editor', async () => {
    await editor.page.evaluate(() => globalThis.RED.workspaces.add());
    await row('Flow 1').waitFor();
    assert.equal(await kind('Flow 1').inputValue(), 'all');
  });
});
