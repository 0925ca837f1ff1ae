'use strict';

// The fleet tab in a real browser: what it shows of answers, and how it is used.

const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, test } = require('node:test');

const { aFleet, anInstance, answerInPlace } = require('./support/fleet-answers.js');
const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const FLOWS = [
  { id: 'timers', type: 'tab', label: 'Timers' },
  { id: 'requests', type: 'tab', label: 'Requests' }
];
const HOSTILE = '<img src=x onerror="window.hostile=1">';

const SOME = [
  anInstance('admin-1', { role: 'admin' }),
  anInstance('site-a-1', {
    labels: ['site-a', 'big'],
    report: { tabs: ['timers'], lastError: { text: 'lost', ago: 90 } }
  }),
  anInstance('site-a-2', { labels: ['site-a'], state: 'behind', behind: 2, revision: '5-bbbb', error: 'npm: 404' }),
  anInstance('site-b-1', { labels: ['site-b'], state: 'lost', error: 'nothing was heard of it for 12 s' })
];

describe('the fleet tab', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let editor;
  let tab;
  let answers;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: FLOWS });
  });

  beforeEach(async () => {
    await editor?.page.close();
    editor = await browser.openEditor(admin);
    answers = await answerInPlace(editor.page, aFleet(SOME));
    tab = new FleetTab(editor);
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  test('shows how many run the last deploy, and each instance', async () => {
    await tab.open();
    await tab.untilText(tab.summary, /^1 of 3 workers run the last deploy$/);
    assert.deepEqual(await tab.names(), ['site-b-1', 'site-a-2', 'admin-1', 'site-a-1']);
    const behind = await tab.row('site-a-2').innerText();
    for (const words of ['site-a', '2 behind', 'behind', '3 d', '85 MB']) {
      assert.ok(behind.includes(words), `${words} in ${behind}`);
    }
    assert.match(await tab.row('site-a-1').innerText(), /last/);
    await keepPicture(editor.page, 'fleet-tab');
  });

  test('a row opens to everything that its instance tells, and follows it', async () => {
    await tab.open();
    await tab.row('site-a-1').locator('.red-ui-fleet-row').click();
    assert.equal(await tab.detail('site-a-1', 'Tabs that run once'), 'Timers');
    assert.equal(await tab.detail('site-a-1', 'Last error'), 'lost (1 min ago)');
    assert.equal(await tab.detail('site-a-1', 'Versions'), '5.0.0, Node-RED 4.1.0, Node.js v22.0.0');
    await keepPicture(editor.page, 'fleet-row-open');

    answers.fleet = aFleet(SOME.map((one) => ({ ...one, report: { ...one.report, errors: 41 } })));
    await until(async () => (await tab.detail('site-a-1', 'Errors since start')) === '41', { message: () => '41' });
    await tab.row('site-a-1').locator('.red-ui-fleet-row').click();
    await tab.row('site-a-1').locator('.red-ui-fleet-details').waitFor({ state: 'hidden' });
  });

  test('is used with the keyboard, and keeps the focus while it redraws', async () => {
    await tab.open();
    const button = tab.row('site-a-2').locator('button');
    await button.focus();
    assert.equal(await button.getAttribute('aria-expanded'), 'false');
    await editor.page.keyboard.press('Enter');
    assert.equal(await button.getAttribute('aria-expanded'), 'true');
    await tab.row('site-a-2').locator('.red-ui-fleet-details').waitFor();

    // It is the first now, and then somebody else comes in before it.
    answers.fleet = aFleet([anInstance('a-new-one', { state: 'lost' }), ...SOME.slice(0, 3)]);
    await until(async () => (await tab.names())[0] === 'a-new-one', { message: () => 'the new one' });
    const focused = () => editor.page.evaluate(() => globalThis.document.activeElement.innerText.trim());
    assert.equal(await focused(), 'site-a-2');
    // Its switches come first, and then the next instance.
    const inRow = () => tab.row('site-a-2').evaluate((row) => row.contains(globalThis.document.activeElement));
    const switches = await tab.row('site-a-2').locator('.red-ui-fleet-details input').count();
    assert.ok(switches > 0);
    for (let at = 0; at < switches; at += 1) {
      await editor.page.keyboard.press('Tab');
      assert.equal(await inRow(), true, `switch ${at}`);
    }
    await editor.page.keyboard.press('Tab');
    assert.equal(await focused(), 'admin-1');

    const table = editor.page.locator('.red-ui-fleet-table');
    assert.equal(await table.getAttribute('role'), 'table');
    assert.equal(await table.getAttribute('aria-rowcount'), '5');
    assert.equal(await tab.row('admin-1').locator('[role=row]').first().getAttribute('aria-rowindex'), '4');
    assert.equal(await tab.row('admin-1').locator('[role=cell]').count(), 5);
  });

  test('filters by label, state and name', async () => {
    await tab.open();
    const names = async (wanted) => {
      let seen;
      await until(async () => JSON.stringify((seen = await tab.names())) === JSON.stringify(wanted), {
        message: () => `${wanted}; there is ${seen}`
      });
    };
    const [labels, states] = ['Label', 'State'].map((name) => editor.page.getByLabel(name, { exact: true }));
    await tab.untilText(tab.summary, /workers/);
    await labels.selectOption('site-a');
    await names(['site-a-2', 'site-a-1']);
    await keepPicture(editor.page, 'fleet-filtered');
    await states.selectOption('behind');
    await names(['site-a-2']);
    await labels.selectOption('site-b');
    await tab.untilText(tab.empty, /^No instance matches the filter$/);
    await labels.selectOption('');
    await states.selectOption('');
    await editor.page.getByRole('textbox', { name: 'filter instances' }).fill('B-1');
    await names(['site-b-1']);
    assert.match(await tab.summary.innerText(), /^1 of 3/, 'of all');
  });

  test('shows what is markup as text, and long names cut off', async () => {
    const name = HOSTILE.repeat(10);
    const hostile = anInstance(name, {
      labels: [HOSTILE],
      error: HOSTILE,
      state: 'not ready',
      report: {
        host: name,
        flows: HOSTILE,
        notes: [HOSTILE],
        lastError: { text: HOSTILE, ago: 1 },
        connection: HOSTILE
      }
    });
    answers.fleet = aFleet([hostile], { problem: HOSTILE, asOf: 60_000 });
    await tab.open();
    await tab.untilText(tab.age, /^As of 1 min ago\. <img/);
    await tab.rows.first().click();
    assert.ok((await tab.detail(name, 'Problem')).includes(HOSTILE));
    assert.equal(await editor.page.locator('.red-ui-fleet img').count(), 0);
    assert.equal(await editor.page.evaluate(() => globalThis.hostile), undefined);
    const box = await tab.rows.first().boundingBox();
    const outer = await editor.page.locator('.red-ui-fleet').boundingBox();
    assert.ok(box.width <= outer.width, `${box.width} in ${outer.width}`);
    await keepPicture(editor.page, 'fleet-hostile');
  });

  test('says what it does not know, and how old it is what it does', async () => {
    answers.fleet = 403;
    await tab.open();
    await tab.untilText(tab.empty, /^You do not have permission to see the instances$/);
    await keepPicture(editor.page, 'fleet-no-right');
    await editor.page.reload();
    answers.fleet = null;
    await tab.open();
    await tab.untilText(tab.empty, /^The instances cannot be loaded/);
    answers.fleet = aFleet([], { asOf: null, problem: 'Valkey is away' });
    await tab.untilText(tab.empty, /^The reports of the instances could not be read yet$/);
    await tab.untilText(tab.age, /^Valkey is away$/);
    answers.fleet = aFleet([]);
    await tab.untilText(tab.empty, /^No instance has reported yet$/);
    await keepPicture(editor.page, 'fleet-empty');
    answers.fleet = aFleet(SOME, { asOf: 12_000, problem: 'Valkey is away: connection refused' });
    await tab.untilText(tab.age, /^As of 1[2-9] s ago\. Valkey is away: connection refused$/);
    await tab.untilText(tab.summary, /^1 of 3/);
    await keepPicture(editor.page, 'fleet-server-away');
    answers.fleet = aFleet(SOME);
    await tab.age.waitFor({ state: 'hidden' });
    answers.fleet = null;
    await tab.untilText(tab.age, /^As of \d+ s ago\. Node-RED does not answer\.$/);
    await tab.untilText(tab.summary, /^1 of 3/);
  });

  test('asks for nothing while nobody looks at it', async () => {
    const hide = async () => {
      await editor.page.evaluate(() => globalThis.RED.sidebar.show('info'));
      await editor.page.locator('.red-ui-fleet').waitFor({ state: 'hidden' });
    };
    await tab.open();
    await until(() => answers.count >= 2, { message: () => `${answers.count} questions` });
    await hide();
    const asked = answers.count;
    await editor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 3000)));
    // One may have been under way.
    assert.ok(answers.count <= asked + 1, `${answers.count} questions, after ${asked}`);
  });
});
