'use strict';

// `node scripts/picture.js`: docs/editor-and-workers.png, from a real editor with the fleet tab, a real deploy and what two
// real workers answer to it. Needs a Chromium and the ports 1880 to 1882, so that what it shows is what a reader will see.

const fs = require('node:fs');
const path = require('node:path');
const { FleetTab } = require('../__test__/e2e/editor/support/fleet-tab.js');
const { startBrowser } = require('../__test__/support/browser.js');
const { startNodeRed } = require('../__test__/support/node-red.js');
const { startServer } = require('../__test__/support/server.js');
const { until } = require('../__test__/support/wait.js');

const ROOT = path.join(__dirname, '..');
const FILE = path.join(ROOT, 'docs', 'editor-and-workers.png');
const TEXT = 'hello from the last deploy';
/** All run on one machine; a reader's do not. */
const HOSTS = { admin: 'office', 'worker 1': 'site-a-1', 'worker 2': 'site-b-1' };
const PORTS = { admin: 1880, 'worker 1': 1881, 'worker 2': 1882 };

/** The flow of the guide. */
function guideFlow() {
  const guide = fs.readFileSync(path.join(ROOT, 'docs', 'getting-started.md'), 'utf8');
  return JSON.parse(/^```json\n([\s\S]*?)^```$/m.exec(guide)[1]);
}

/** The editor, and beside it what each worker answers, in a frame of its own. */
function composed(editor, workers) {
  const panels = workers.map(
    ({ name, url, revision }) => `<section><h2>${HOSTS[name]}</h2>
<p>$ curl ${url}/hello</p><iframe src="${url}/hello"></iframe><small>${revision}</small></section>`
  );
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; display: flex; gap: 12px; padding: 12px; background: #fff; font: 14px sans-serif; width: 1256px }
img { width: 860px; border: 1px solid #bbb }
aside { flex: 1; display: flex; flex-direction: column; gap: 12px }
section { flex: 1; border: 1px solid #bbb; padding: 12px; display: flex; flex-direction: column }
h2 { margin: 0 0 12px; font-size: 15px } p { margin: 0; font-family: monospace }
iframe { border: 0; height: 44px; width: 100% } small { margin-top: auto; color: #555; font-family: monospace }
</style><img src="data:image/png;base64,${editor.toString('base64')}"><aside>${panels.join('')}</aside>`;
}

async function take(running) {
  const server = await startServer();
  running.push(server);
  const start = async (name, options) => {
    const instance = await startNodeRed({
      ...options,
      server,
      port: PORTS[name],
      settingsHead: `require('node:os').hostname = () => '${HOSTS[name]}';`,
      settings: { editorTheme: { tours: false } }
    });
    running.push(instance);
    return Object.assign(instance, { name });
  };
  const admin = await start('admin', { role: 'admin', flows: guideFlow() });
  const workers = await Promise.all(
    [
      ['worker 1', 'site-a'],
      ['worker 2', 'site-b']
    ].map(([name, label]) => start(name, { role: 'worker', wait: 'listening', valkey: { labels: [label] } }))
  );
  const browser = await startBrowser();
  try {
    const editor = await browser.openEditor(admin);
    await editor.page.setViewportSize({ width: 1100, height: 560 });
    const tab = await new FleetTab(editor).open();
    await tab.untilText(tab.summary, /^2 of 2/);
    await tab.page.locator('.red-ui-palette-header', { hasText: 'Debug, log and status' }).waitFor();
    await editor.edit('hello-text', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: TEXT, tot: 'str' }] });
    await editor.deploy();
    await editor.notice(/^2 of 2 workers run the deploy$/);
    await editor.noNotice(/Successfully deployed/);
    // What is grey during a deploy is so no longer, and the notice has come down.
    await editor.page.locator('#red-ui-editor-shade').waitFor({ state: 'hidden' });
    await (await editor.page.locator('.red-ui-notification').first().elementHandle()).waitForElementState('stable');
    for (const worker of workers) {
      await until(async () => (await worker.http('/hello')).text === TEXT, { message: () => worker.tail() });
      [worker.revision] = /revision \d+ applied in .* ms: .* restarted/.exec(worker.logs);
    }
    const shot = await editor.page.screenshot();
    const page = await browser.browser.newPage({ viewport: { width: 1280, height: 466 } });
    await page.setContent(composed(shot, workers), { waitUntil: 'load' });
    await page.screenshot({ path: FILE });
  } finally {
    await browser.close();
  }
  console.log(`${path.relative(ROOT, FILE)}: ${Math.ceil(fs.statSync(FILE).size / 1000)} kB`);
}

async function main() {
  const running = [];
  try {
    await take(running);
  } finally {
    for (const instance of running.reverse()) {
      await instance.stop();
    }
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
