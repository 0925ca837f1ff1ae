'use strict';

// An admin whose editor has the fleet tab, and what is to be seen in it.

const fs = require('node:fs');
const path = require('node:path');

const { FINDS_BY_PATH, NODE_RED, withPlugin } = require('./installed-copy.js');
const { startNodeRed } = require('../../../support/node-red.js');
const { until } = require('../../../support/wait.js');

const ROOT = path.join(__dirname, '..', '..', '..', '..');
const SHOW = 'node-red-storage-valkey:show-fleet-tab';
/** Kept after a run, to be looked at. */
const SHOTS = path.join(ROOT, '.cache', 'screenshots', `node-red-${NODE_RED}`);

/** @param {object} options as startNodeRed takes them */
async function startAdminWithTab({ settings, ...options }) {
  return startNodeRed({
    role: 'admin',
    settings: { editorTheme: { tours: false }, ...settings },
    ...withPlugin(options)
  });
}

/** The fleet tab in an editor (see browser.js). */
class FleetTab {
  constructor(editor) {
    this.page = editor.page;
    this.rows = this.page.locator('.red-ui-fleet-row');
    this.summary = this.page.locator('.red-ui-fleet-summary-line');
    this.age = this.page.locator('.red-ui-fleet-summary-age');
    this.empty = this.page.locator('.red-ui-fleet-empty');
  }

  /** Shows it, as the menu does. */
  async open() {
    await this.page.waitForFunction(
      (action) =>
        globalThis.RED?.actions?.list?.().some(({ id }) => id === action) && globalThis.RED.workspaces.active(),
      SHOW
    );
    await this.page.evaluate((action) => globalThis.RED.actions.invoke(action), SHOW);
    await this.page.locator('.red-ui-fleet').waitFor();
    return this;
  }

  row(name) {
    return this.page.locator('.red-ui-fleet-item').filter({
      has: this.page.locator(`.red-ui-fleet-name-text:text-is(${JSON.stringify(name)})`)
    });
  }

  /** The names of the rows, from top to bottom. */
  async names() {
    return this.page.evaluate(() =>
      [...globalThis.document.querySelectorAll('.red-ui-fleet-name-text')].map((name) => name.textContent)
    );
  }

  async untilText(locator, pattern, deadline = 30_000) {
    let seen;
    await until(
      async () => {
        seen = (await locator.isVisible()) ? await locator.innerText() : '';
        return pattern.test(seen);
      },
      { deadline, message: () => `${pattern}; there is: ${JSON.stringify(seen)}` }
    );
    return seen;
  }

  /** What an opened row says under a name. */
  async detail(name, head) {
    return this.row(name)
      .locator('tr', { has: this.page.getByText(head, { exact: true }) })
      .locator('td')
      .innerText();
  }
}

/** Keeps a picture of the page. */
async function keepPicture(page, name) {
  fs.mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}

module.exports = { FINDS_BY_PATH, FleetTab, keepPicture, startAdminWithTab };
