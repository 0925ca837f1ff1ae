'use strict';

// Answers of `GET node-red-storage-valkey/fleet`, and an editor that is given them in place of those of its admin.

const ROUTE = '**/node-red-storage-valkey/fleet?*';

/** An instance as the answer has it, in step where nothing else is said. */
function anInstance(name, { report, ...changed } = {}) {
  return {
    id: `id-of-${name}`,
    name,
    role: 'worker',
    labels: [],
    revision: '7-aaaa',
    behind: 0,
    state: 'in step',
    since: 1790000000000,
    error: null,
    ...changed,
    report: {
      host: name,
      place: 'a',
      version: '5.0.0',
      nodeRed: '4.1.0',
      node: 'v22.0.0',
      uptime: 3 * 86400,
      ready: true,
      missing: [],
      notes: [],
      flows: 'running',
      missingTypes: [],
      packages: null,
      connection: 'ready',
      errors: 0,
      lastError: null,
      rss: 89128960,
      delay: { p99: 1.25, max: 12 },
      tick: 20,
      tabs: [],
      context: null,
      ...report
    }
  };
}

function aFleet(instances, changed) {
  const workers = instances.filter(({ role }) => role === 'worker');
  return {
    revision: '7-aaaa',
    total: workers.length,
    inStep: workers.filter(({ state }) => state === 'in step').length,
    asOf: 0,
    problem: null,
    instances,
    ...changed
  };
}

/**
 * Gives the page these answers: `answers.fleet` is what is answered from then on, an object, a status, or null for no
 * answer; `answers.count` says how many were asked for.
 */
async function answerInPlace(page, fleet) {
  const answers = { fleet, count: 0 };
  await page.route(ROUTE, async (route) => {
    answers.count += 1;
    if (answers.fleet === null) {
      await route.abort('connectionrefused');
    } else if (typeof answers.fleet === 'number') {
      await route.fulfill({ status: answers.fleet, json: {} });
    } else {
      await route.fulfill({ json: answers.fleet });
    }
  });
  return answers;
}

module.exports = { aFleet, anInstance, answerInPlace };
