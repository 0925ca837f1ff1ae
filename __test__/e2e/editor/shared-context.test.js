'use strict';

// The dialogue of the node `shared-context` in a real browser.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { noChromium, startBrowser } = require('../../support/browser.js');
const { withPackage } = require('../context/support/with-package.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'Tab' },
  {
    id: 'op',
    type: 'shared-context',
    z: 'tab',
    x: 200,
    y: 100,
    wires: [[]],
    name: '',
    operation: 'update',
    target: 'totals.today',
    targetType: 'flow',
    value: '$value + 1',
    valueType: 'jsonata',
    result: 'sum'
  },
  {
    id: 'new',
    type: 'shared-context',
    z: 'tab',
    x: 200,
    y: 200,
    wires: [[]],
    name: '',
    operation: 'incr',
    target: '',
    targetType: 'global',
    value: '1',
    valueType: 'num',
    result: 'payload'
  }
];

describe("the dialogue of 'shared-context'", { skip: noChromium() }, () => {
  let browser;
  let page;

  before(async () => {
    browser = await startBrowser();
    const server = await startServerWithUsers();
    const admin = await startInstance('admin', server, {
      flows: FLOWS,
      userDir: withPackage(),
      settings: { editorTheme: { tours: false } }
    });
    ({ page } = await browser.openEditor(admin));
  });

  after(async () => {
    await browser?.close();
    await stopAll();
  });

  const open = async (id) => {
    await page.evaluate((node) => globalThis.RED.editor.edit(globalThis.RED.nodes.node(node)), id);
    await page.waitForSelector('#node-dialog-ok');
    await page.waitForSelector('#node-input-operation');
  };

  const done = async () => {
    await page.click('#node-dialog-ok');
    await page.waitForSelector('#node-input-operation', { state: 'detached' });
  };

  const properties = (id) =>
    page.evaluate((node) => {
      const { operation, target, targetType, value, valueType, result, valid } = globalThis.RED.nodes.node(node);
      return { operation, target, targetType, value, valueType, result, valid };
    }, id);

  test('what is not touched stays as it is', async () => {
    const before = await properties('op');
    await open('op');
    assert.equal(await page.textContent('#node-input-value-label'), 'New value');
    await done();
    assert.deepEqual(await properties('op'), before);
    assert.equal(before.valid, true);
    const label = await page.evaluate(() => globalThis.RED.utils.getNodeLabel(globalThis.RED.nodes.node('op')));
    assert.equal(label, 'change by an expression: flow.totals.today');
  });

  test('another operation brings what it takes', async () => {
    assert.equal((await properties('new')).valid, false);
    await open('new');
    await page.selectOption('#node-input-operation', 'push');
    assert.equal(await page.textContent('#node-input-value-label'), 'Item');
    await page.evaluate(() => globalThis.$('#node-input-target').typedInput('value', 'list'));
    await done();
    assert.deepEqual(await properties('new'), {
      operation: 'push',
      target: 'list',
      targetType: 'global',
      value: 'payload',
      valueType: 'msg',
      result: 'payload',
      valid: true
    });
  });
});
