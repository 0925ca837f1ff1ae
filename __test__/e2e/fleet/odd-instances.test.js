'use strict';

// Real workers that are unlike the others: clocks that are an hour off, host names that are too long or the same, one that
// tells nothing, as those of an older version.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const {
  blockingFlow,
  fleetOn,
  labelled,
  startReporting,
  startReportingServer,
  untilFleet
} = require('./support/reporting.js');
const { stopAll } = require('../support/admin-and-workers.js');
const { answers } = require('../../support/request-flow.js');

const HOUR = 3_600_000;
const LONG = 'h'.repeat(300);

/** Source text for settings.js: what this process takes for the time and for its host. */
const named = (host) => `require('node:os').hostname = () => ${JSON.stringify(host)};`;
const shifted = (ms) => `const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) { super(...(args.length > 0 ? args : [RealDate.now() + ${ms}])); }
  static now() { return RealDate.now() + ${ms}; }
};`;

const HEADS = {
  ahead: shifted(HOUR) + named('ahead'),
  behind: shifted(-HOUR) + named('behind'),
  long: named(LONG),
  'twin-1': named('twin'),
  'twin-2': named('twin')
};

let server;
let admin;
let quiet;
const workers = {};

before(async () => {
  server = await startReportingServer();
  admin = await startReporting('admin', server, 'admin', { flows: blockingFlow('one') });
  const labels = Object.keys(HEADS);
  const started = await Promise.all(
    labels.map((label) => startReporting('worker', server, label, { settingsHead: HEADS[label] }))
  );
  labels.forEach((label, at) => {
    workers[label] = started[at];
  });
  quiet = await startReporting('worker', server, 'quiet', { valkey: { report: false } });
});

after(stopAll);

test('all that report are in step, whatever their clock and name', async () => {
  const fleet = await untilFleet(admin, ({ total, inStep }) => total === 5 && inStep === 5);
  assert.equal(labelled(fleet, 'quiet'), undefined);
  for (const label of ['ahead', 'behind']) {
    const { name, since, report } = labelled(fleet, label);
    assert.equal(name, label);
    assert.ok(Math.abs(since - Date.now()) < 120_000, `${label} runs it since ${since}, by the server's clock`);
    assert.ok(report.tick < 7000, `${report.tick}`);
  }
  const { name } = labelled(fleet, 'long');
  assert.ok(name.length <= 100 && LONG.startsWith(name.slice(0, 90)), name);
  const twins = ['twin-1', 'twin-2'].map((label) => labelled(fleet, label).name);
  assert.ok(twins.every((twin) => /^twin~[0-9a-f]{4}$/.test(twin)) && twins[0] !== twins[1], twins.join());
});

test('a deploy is followed on them, and one that tells nothing is not counted', async () => {
  const { revision } = await fleetOn(admin);
  await admin.deploy(blockingFlow('two'));
  const fleet = await untilFleet(admin, (now) => now.revision !== revision && now.inStep === 5);
  assert.equal(fleet.total, 5);
  await answers(quiet, 'two');
});

test('one of two with the same name that was killed is the lost one', async () => {
  const name = labelled(await fleetOn(admin), 'twin-2').name;
  workers['twin-2'].kill();
  const fleet = await untilFleet(admin, ({ inStep }) => inStep === 4);
  const lost = fleet.instances.filter(({ state }) => state === 'lost');
  assert.deepEqual(
    lost.map((one) => one.name),
    [name]
  );
  assert.equal(labelled(fleet, 'ahead').state, 'in step');
});
