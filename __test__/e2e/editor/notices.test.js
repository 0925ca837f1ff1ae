'use strict';

// What somebody sees in the editor of a real Node-RED, in a real browser, when a deploy does not
// reach the workers.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const {
  PREFIX,
  USERS,
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { noChromium, startBrowser } = require('../../support/browser.js');

const SETTINGS = { editorTheme: { tours: false } };
const DEPLOYED = /Successfully deployed/;
const AWAY = /^Saved here, but not on the workers yet/;
const OTHER = /^This admin is not in charge/;
const REFUSED = /^The last deploy here was refused/;
const LOADED = /^This admin is in charge now: the deploy that was refused .* has been loaded/;
const REPLACED = /^Workers ran a deploy that this admin's disk never had/;
const PACKAGES = /^Packages that do not reach workers/;
const HELD = /^Node-RED can't run the flows on this disk/;

const LEASE = 10_000;

const startAdmin = (server, options) => startInstance('admin', server, { settings: SETTINGS, ...options });

/** The answer of the flow that a deploy leads to. */
const says = (version) => ({ rules: [{ t: 'set', p: 'payload', pt: 'msg', to: version, tot: 'str' }] });

async function deploys(editor, version) {
  await editor.edit('set', says(version));
  await editor.deploy();
}

describe('the editor says what keeps a deploy from the workers', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let worker;
  let editor;

  before(async () => {
    browser = await startBrowser();
    server = await startServerWithUsers();
    admin = await startAdmin(server, { flows: answerFlow('first') });
    worker = await startInstance('worker', server);
    await untilAnswer(worker, 'first:none');
    editor = await browser.openEditor(admin);
  });

  after(async () => {
    await browser?.close();
    await stopAll();
  });

  test('nothing, while workers get what is deployed', async () => {
    await deploys(editor, 'second');
    await editor.notice(DEPLOYED);
    await untilAnswer(worker, 'second:none');
    assert.deepEqual(
      (await editor.notices()).filter((text) => !DEPLOYED.test(text)),
      []
    );
  });

  test('Valkey is away: also in an editor that is opened later, until it has the deploy', async () => {
    server.kill();
    await deploys(editor, 'while away');
    const text = await editor.notice(AWAY);
    assert.match(text, /yet: .*(refused|closed|lost|reset).*\. They get it by themselves/i);
    const later = await browser.openEditor(admin);
    await later.notice(AWAY);

    // It can be put away, and is not shown again by every attempt to connect.
    await later.press(AWAY, 'Close');
    await later.noNotice(AWAY);
    await server.restart();
    await untilAnswer(worker, 'while away:none');
    await editor.noNotice(AWAY);
    await later.page.close();
  });

  test('the login is refused: with that reason', async () => {
    const client = server.client();
    await client.acl('SETUSER', USERS.admin.username, 'resetpass', '>another');
    await client.client('KILL', 'USER', USERS.admin.username);
    await deploys(editor, 'without a login');
    await editor.notice(/not on the workers yet: .*refused the login/);
    await client.acl('SETUSER', USERS.admin.username, 'resetpass', `>${USERS.admin.password}`);
    await untilAnswer(worker, 'without a login:none', 20_000);
    await editor.noNotice(AWAY);
  });

  test('an editor that was open while the admin was restarted shows nothing that is over', async () => {
    server.kill();
    await deploys(editor, 'before the restart');
    await editor.notice(AWAY);
    await admin.stop();
    await server.restart();
    await admin.restart();
    await editor.noNotice(AWAY, { deadline: 40_000 });
    await untilAnswer(worker, 'before the restart:none');
    await editor.page.close();
  });

  test('another admin is in charge, and what becomes of the deploy that is refused for it', async () => {
    const second = await startAdmin(server, { flows: answerFlow('of the second') });
    const theirs = await browser.openEditor(second);
    const text = await theirs.notice(OTHER);
    assert.match(text, new RegExp(`host [\\w.-]+, process ${admin.pid}\\)`));
    await deploys(theirs, 'refused');
    await theirs.notice(REFUSED);
    await theirs.notice(OTHER);
    const later = await browser.openEditor(second);
    await later.notice(REFUSED);
    await later.notice(OTHER);
    await later.page.close();

    admin.kill();
    await theirs.notice(LOADED, { deadline: LEASE + 15_000 });
    await untilAnswer(worker, 'refused:none');
    const replaced = await theirs.notice(REPLACED);
    assert.ok(replaced.includes(`'${PREFIX}backup:`), replaced);
    await theirs.noNotice(OTHER);

    await admin.restart();
    const ours = await browser.openEditor(admin);
    const named = await ours.notice(OTHER);
    assert.match(named, new RegExp(`process ${second.pid}\\)`));
    await ours.page.close();

    // What was told is over with the next deploy.
    await theirs.page.reload();
    await theirs.notice(LOADED);
    await second.deploy(answerFlow('by the second'));
    await theirs.noNotice(LOADED);
    await theirs.noNotice(REPLACED);
    await second.stop();
    await theirs.page.close();
    await admin.stop();
  });

  test('a name in the lease that is markup is no markup in the editor', async () => {
    const client = server.client();
    await client.set(`${PREFIX}lease`, `<img src=x onerror=f()>:2:7@<b>__x__</b>`, 'PX', 60_000);
    const third = await startAdmin(server, { flows: answerFlow('third') });
    const theirs = await browser.openEditor(third);
    const text = await theirs.notice(OTHER);
    assert.match(text, /\(imgsrcxonerrorf, host b__x__b, process 7\)/);
    assert.equal(await theirs.page.locator('.red-ui-notification img, .red-ui-notification b').count(), 0);
    await theirs.page.close();
    await third.stop();
    await client.del(`${PREFIX}lease`);
  });

  test('packages that do not reach workers, and flows on the disk that can not be run', async () => {
    const fourth = await startAdmin(server, {
      flows: answerFlow('fourth'),
      files: {
        'package.json': { name: 'node-red-project', dependencies: { 'made-here': 'file:made-here' } },
        'made-here/package.json': { name: 'made-here', version: '1.0.0' },
        'node_modules/made-here/package.json': { name: 'made-here', version: '1.0.0' }
      }
    });
    const theirs = await browser.openEditor(fourth);
    const text = await theirs.notice(PACKAGES);
    assert.match(text, /made-here \(.*local folder or file.*\)/);

    fs.writeFileSync(
      path.join(fourth.userDir, 'flows.json'),
      JSON.stringify([...answerFlow('x'), { id: 'x', z: 'tab' }])
    );
    await fourth.deploy(undefined, { type: 'reload' }).catch(() => {});
    const held = await theirs.notice(HELD);
    assert.match(held, /it has no 'type'/);
    await theirs.notice(PACKAGES);
    await fourth.deploy(answerFlow('mended'));
    await untilAnswer(worker, 'mended:none');
    await theirs.noNotice(HELD);
  });
});
