'use strict';

// What the editor says after Deploy: how many workers run it.

const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, test } = require('node:test');

const { aFleet, anInstance, answerInPlace } = require('./support/fleet-answers.js');
const { keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'Flow' },
  { id: 'note', type: 'comment', z: 'tab', name: 'first', x: 100, y: 40, wires: [] }
];
const RUN = /workers? runs? (the deploy|it)/;
const DEPLOYED = { revision: '7-aaaa' };

const late = (name, error) => anInstance(name, { state: 'behind', behind: 1, error });
const here = (name) => anInstance(name);
const ADMIN = anInstance('admin', { role: 'admin' });

describe('the notification after Deploy', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let editor;
  let answers;
  let changes = 0;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: FLOWS });
  });

  beforeEach(async () => {
    await editor?.page.close();
    editor = await browser.openEditor(admin);
    answers = await answerInPlace(editor.page, aFleet([]));
    answers.deployed = DEPLOYED;
    await editor.page.route('**/node-red-storage-valkey/deployed?*', (route) =>
      route.fulfill({ json: answers.deployed })
    );
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  async function deploy() {
    await editor.edit('note', { name: `change ${(changes += 1)}` });
    await editor.deploy();
    await editor.notice(/Successfully deployed/);
  }

  const ours = async () => (await editor.notices()).filter((text) => RUN.test(text));

  test('counts until all workers run it, and goes then', async () => {
    answers.fleet = aFleet([ADMIN, here('w1'), late('w2')]);
    await deploy();
    await editor.notice(/^1 of 2 workers run the deploy…$/);
    await keepPicture(editor.page, 'deploy-some');
    answers.fleet = aFleet([ADMIN, here('w1'), here('w2')]);
    await editor.notice(/^2 of 2 workers run the deploy$/);
    assert.equal((await ours()).length, 1);
    const signs = editor.page.locator('#red-ui-header .fa-warning:visible');
    assert.equal(await signs.count(), 0, 'no warning beside Deploy');
    await keepPicture(editor.page, 'deploy-all');
    const { count } = answers;
    await editor.noNotice(RUN);
    assert.equal(answers.count, count, 'nothing is asked any more');
  });

  test('names those that do not run it after 15 s, and why', async () => {
    const many = Array.from({ length: 6 }, (_, at) => late(`site-b-${at}`, at === 0 ? 'npm: <b>404</b>' : null));
    answers.fleet = aFleet([ADMIN, here('w1'), ...many]);
    await deploy();
    await editor.notice(/^1 of 7 workers run the deploy…$/);
    const text = await editor.notice(/6 do not/, { deadline: 25_000 });
    assert.match(text, /^1 of 7 workers run it; 6 do not: site-b-0 \(npm: <b>404<\/b>\), site-b-1 \(behind\), .*, …$/);
    assert.equal((await ours()).length, 1);
    await keepPicture(editor.page, 'deploy-not-all');
    await editor.press(/6 do not/, 'Close');
    await editor.noNotice(RUN);
  });

  test('says nothing where there is no other instance', async () => {
    answers.fleet = aFleet([ADMIN]);
    await deploy();
    await until(() => answers.count > 0, { message: () => 'the question' });
    await editor.noNotice(/Successfully deployed/);
    assert.deepEqual(await ours(), []);
    assert.equal(answers.count, 1);
  });

  test('counts nobody for a deploy that is not on the server, or on answers of before', async () => {
    answers.deployed = { revision: null };
    answers.fleet = aFleet([ADMIN, here('w1')]);
    await deploy();
    await editor.noNotice(/Successfully deployed/);
    assert.deepEqual(await ours(), []);
    assert.equal(answers.count, 0);
    answers.deployed = DEPLOYED;
    answers.fleet = aFleet([ADMIN, here('w1')], { revision: '6-aaaa' });
    await until(() => answers.count > 1, { message: () => 'the questions' });
    assert.deepEqual(await ours(), []);
    answers.fleet = aFleet([ADMIN, here('w1')]);
    await editor.notice(/^1 of 1 worker runs the deploy$/);
  });

  test('is about the last deploy alone', async () => {
    answers.fleet = aFleet([ADMIN, here('w1'), late('w2')]);
    await deploy();
    await editor.notice(/^1 of 2 workers/);
    await deploy();
    answers.fleet = aFleet([ADMIN, here('w1'), here('w2')]);
    await editor.notice(/^2 of 2 workers run the deploy$/);
    // The one of before is folding up.
    await until(async () => (await ours()).length === 1, { message: () => 'a single notification' });
  });
});
