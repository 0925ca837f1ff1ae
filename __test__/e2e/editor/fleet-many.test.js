'use strict';

// A thousand instances in the fleet tab: the editor is not held up.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { aFleet, anInstance, answerInPlace } = require('./support/fleet-answers.js');
const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const COUNT = 1000;
/** Rows that there may be elements for: those in sight, some beyond, and those near the focus. */
const MOST_ROWS = 60;

/** All of them, of which everything that is shown changes from one answer to the next. */
function many(turn) {
  return Array.from({ length: COUNT }, (_, at) =>
    anInstance(`worker-${at}`, {
      labels: [`site-${at % 20}`],
      state: (at + turn) % 3 === 0 ? 'behind' : 'in step',
      behind: (at + turn) % 3 === 0 ? 1 : 0,
      report: {
        uptime: 60 * (at + turn),
        rss: 1e8 + 1e6 * ((at + turn) % 50),
        notes: ['a note of some length'.repeat(4)]
      }
    })
  );
}

describe('a thousand instances', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let editor;
  let tab;
  let answers;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: [{ id: 'tab', type: 'tab', label: 'Flow' }] });
    editor = await browser.openEditor(admin);
    answers = await answerInPlace(editor.page, aFleet(many(0)));
    tab = await new FleetTab(editor).open();
    await tab.untilText(tab.summary, /of 1000 workers/);
  });

  after(async () => {
    await browser?.close();
    await admin?.stop();
    await server?.stop();
  });

  const scroll = (top) =>
    editor.page.evaluate((to) => {
      globalThis.document.querySelector('.red-ui-fleet-sections').scrollTop = to;
    }, top);

  test('only those have elements that can be seen, and any can be scrolled to', async () => {
    assert.ok((await tab.rows.count()) < MOST_ROWS, `${await tab.rows.count()} rows`);
    const table = editor.page.locator('.red-ui-fleet-table');
    assert.equal(await table.getAttribute('aria-rowcount'), String(COUNT + 1));
    await keepPicture(editor.page, 'fleet-many');
    await scroll(20_000);
    await until(async () => !(await tab.names()).includes('worker-0'), { message: () => 'other rows' });
    assert.ok((await tab.rows.count()) < MOST_ROWS, `${await tab.rows.count()} rows`);
    await scroll(0);
    await editor.page.getByRole('textbox', { name: 'filter instances' }).fill('worker-999');
    await until(async () => (await tab.names()).join() === 'worker-999', { message: () => 'the one' });
    await editor.page.getByRole('textbox', { name: 'filter instances' }).fill('');
    await until(async () => (await tab.names()).length > 5, { message: () => 'all' });
  });

  test('no redraw takes 50 ms', async (t) => {
    await editor.page.evaluate(() => {
      globalThis.longTasks = [];
      new globalThis.PerformanceObserver((list) =>
        globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration))
      ).observe({ type: 'longtask' });
    });
    // What else runs on this machine may stretch a task: of some rounds one has to be free of them.
    const rounds = [];
    await until(
      async () => {
        await editor.page.evaluate(() => globalThis.longTasks.splice(0));
        const { count } = answers;
        for (let turn = 1; turn <= 3; turn += 1) {
          answers.fleet = aFleet(many(turn));
          await scroll(turn * 5000);
          await until(() => answers.count >= count + turn, { message: () => 'the next question' });
        }
        const found = await editor.page.evaluate(() => globalThis.longTasks);
        rounds.push(found);
        return found.length === 0;
      },
      { deadline: 90_000, message: () => `a round without a long task; there were ${JSON.stringify(rounds)}` }
    );
    t.diagnostic(`long tasks of each round, in ms: ${JSON.stringify(rounds)}`);
  });
});
