'use strict';

// What the tab knows of the instances, from one answer to the next.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');

const { until } = require('../support/wait.js');

const FEED = pathToFileURL(path.join(__dirname, '..', '..', 'resources', 'fleet', 'feed.mjs')).href;
const NO_ANSWER = Object.assign(new Error('0 error'), { status: 0 });

test('what the last answer said is wrong is over once there is no answer', async () => {
  const { createFeed } = await import(FEED);
  const answers = [{ instances: [], total: 0, inStep: 0, asOf: 10, problem: 'Valkey is away' }];
  let known;
  const get = async () => {
    if (answers.length === 0) {
      throw NO_ANSWER;
    }
    return answers.shift();
  };
  const feed = createFeed({ get }, (now) => {
    known = now;
  });
  feed.start();
  try {
    await until(() => known?.status === 'known', { message: 'the answer' });
    assert.equal(known.problem, 'Valkey is away');
    await until(() => known.status === 'no answer', { message: 'no answer' });
    assert.equal(known.problem, '');
    assert.ok(known.fleet, 'it is still shown');
  } finally {
    feed.stop();
  }
});
