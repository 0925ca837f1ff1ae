'use strict';

// A real Chromium, and Node-RED's editor in it.

const { chromium } = require('playwright-core');
const { chromiumHere, noChromium } = require('../../scripts/chromium.js');
const { until } = require('./wait.js');

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];
const EDITOR_DEADLINE = 60_000;
const DEPLOY_BUTTON = '#red-ui-header-button-deploy';

/** The editor of one instance in a tab of its own; to be closed with the browser. */
class Editor {
  constructor(page) {
    this.page = page;
  }

  /** The texts of the notices that can be seen now, from the oldest on. */
  async notices() {
    return this.page.evaluate(() =>
      [...globalThis.document.querySelectorAll('.red-ui-notification')]
        .filter((notice) => notice.offsetHeight > 0)
        .map((notice) => (notice.querySelector('p') || notice).innerText.trim())
    );
  }

  /** Waits for a notice; returns its text. */
  async notice(pattern, { deadline = 30_000 } = {}) {
    let seen = [];
    return until(
      async () => {
        seen = await this.notices();
        return seen.find((text) => pattern.test(text));
      },
      { deadline, message: () => `the notice ${pattern}; there is: ${JSON.stringify(seen)}` }
    );
  }

  /** Waits until no such notice is to be seen. */
  async noNotice(pattern, { deadline = 30_000 } = {}) {
    await until(async () => !(await this.notices()).some((text) => pattern.test(text)), {
      deadline,
      message: () => `the end of the notice ${pattern}`
    });
  }

  /** Changes properties of a node, as its dialogue does. */
  async edit(id, changes) {
    await this.page.evaluate(
      ([node, changed]) => {
        const { RED } = globalThis;
        Object.assign(RED.nodes.node(node), changed, { changed: true, dirty: true });
        RED.nodes.dirty(true);
        RED.view.redraw(true);
      },
      [id, changes]
    );
  }

  /** Presses `Deploy`; what comes of it is in the notices. */
  async deploy() {
    await this.page.click(`${DEPLOY_BUTTON}:not(.disabled)`);
  }

  /** Waits until nothing is left to be deployed. */
  async deployed() {
    await this.page.waitForFunction(() => !globalThis.RED.nodes.dirty());
  }

  /** Presses a button in the notice with this text. */
  async press(pattern, button) {
    await this.page.locator('.red-ui-notification', { hasText: pattern }).getByRole('button', { name: button }).click();
  }
}

/** One browser process with an empty profile. */
class Browser {
  constructor(browser) {
    this.browser = browser;
  }

  /** Opens the editor of an instance (see node-red.js), whose settings have `editorTheme.tours: false`. */
  async openEditor(instance) {
    const page = await this.browser.newPage({ viewport: { width: 1200, height: 900 } });
    await page.goto(instance.url, { timeout: EDITOR_DEADLINE });
    // The last thing that it does at its start is to say where it is loaded from.
    await page.waitForFunction(
      () => globalThis.RED?.nodes?.getWorkspaceOrder?.().length > 0 && globalThis.RED.workspaces.active(),
      undefined,
      { timeout: EDITOR_DEADLINE }
    );
    return new Editor(page);
  }

  async close() {
    await this.browser.close();
  }
}

/** To be called where `noChromium()` gives no reason to skip the tests. */
async function startBrowser() {
  const executablePath = chromiumHere();
  if (!executablePath) {
    throw new Error('no Chromium on PATH; `npm test` installs it, or TEST_BROWSER is the path of one');
  }
  return new Browser(await chromium.launch({ executablePath, args: ARGS, headless: true }));
}

module.exports = { Editor, noChromium, startBrowser };
