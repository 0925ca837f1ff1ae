'use strict';

// What an editor looks at of workers, without an editor.

const assert = require('node:assert/strict');
const { before, beforeEach, describe, test } = require('node:test');

describe('what an editor looks at', () => {
  let createChoices;
  let asked;
  let answer;
  let isSeen;
  let choices;
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  before(async () => {
    ({ createChoices } = await import('../../resources/fleet/streams/choices.mjs'));
  });

  beforeEach(() => {
    asked = [];
    answer = async () => ({ problem: null });
    isSeen = true;
    choices = createChoices({
      viewer: 'editor-1',
      post(body) {
        asked.push(body);
        return answer();
      },
      onChange() {},
      isSeen: () => isSeen
    });
  });

  test('is said at once, and again as long as somebody can see it', async () => {
    choices.choose('a', 'debug', true);
    await settled();
    choices.choose('*', 'log', true);
    await settled();
    assert.deepEqual(
      asked.map(({ watch }) => watch),
      [{ a: ['debug'] }, { a: ['debug'], '*': ['log'] }]
    );
    assert.deepEqual([...new Set(asked.map(({ viewer }) => viewer))], ['editor-1']);
    choices.renew();
    await settled();
    assert.equal(asked.length, 3);
    isSeen = false;
    choices.renew();
    await settled();
    assert.equal(asked.length, 3);
    isSeen = true;
    choices.renew();
    assert.equal(asked.length, 4);
    choices.choose('a', 'debug', false);
    choices.choose('*', 'log', false);
    await settled();
    assert.deepEqual(asked.at(-1).watch, {});
  });

  test('is nothing any more when all is switched off, and nothing is asked then', async () => {
    choices.choose('a', 'debug', true);
    await settled();
    choices.choose('a', 'debug', false);
    await settled();
    assert.deepEqual(asked.at(-1).watch, {});
    choices.renew();
    await settled();
    assert.equal(asked.length, 2);
    assert.deepEqual(choices.workers(), []);
  });

  test('is what was chosen last, however late answers come; what is in the way is told', async () => {
    let release;
    answer = () => new Promise((resolve) => (release = resolve));
    choices.choose('a', 'debug', true);
    choices.choose('a', 'log', true);
    choices.choose('a', 'debug', false);
    assert.equal(asked.length, 1);
    answer = async () => ({ problem: 'no right' });
    release({ problem: null });
    await settled();
    assert.deepEqual(
      asked.map(({ watch }) => watch),
      [{ a: ['debug'] }, { a: ['log'] }]
    );
    assert.equal(choices.problem(), 'no right');
    answer = () => Promise.reject(new Error('403 Forbidden'));
    choices.renew();
    await settled();
    assert.equal(choices.problem(), '403 Forbidden');
    choices.choose('a', 'log', false);
  });
});
