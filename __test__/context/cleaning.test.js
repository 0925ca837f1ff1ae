'use strict';

const assert = require('node:assert/strict');
const { afterEach, beforeEach, mock, test } = require('node:test');

const { createCleaning } = require('../../lib/context/cleaning.js');

const IN_CHARGE = { connection: 'ready', revision: '5', mirrored: true, otherAdmin: false };

let health;
let cleaned;
let cleaning;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  health = null;
  cleaned = [];
  cleaning = createCleaning({ adminHealth: () => health, clean: (known) => cleaned.push(known) });
});

afterEach(() => {
  cleaning.close();
  mock.timers.reset();
});

test('an admin that is in charge, and whose flows are mirrored, cleans at once', () => {
  health = IN_CHARGE;
  cleaning.ask(['a']);
  assert.deepEqual(cleaned, [['a']]);
  mock.timers.tick(5000);
  assert.equal(cleaned.length, 1);
});

test('what is known is told again each hour, so that what is not goes without another deploy', () => {
  health = IN_CHARGE;
  cleaning.ask(['a']);
  mock.timers.tick(60 * 60 * 1000);
  assert.deepEqual(cleaned, [['a'], ['a']]);
  health = { ...IN_CHARGE, mirrored: false };
  mock.timers.tick(60 * 60 * 1000);
  assert.equal(cleaned.length, 2);
});

test('another waits until it is, with the ids of the last deploy', () => {
  for (const state of [
    null,
    { ...IN_CHARGE, mirrored: false },
    { ...IN_CHARGE, otherAdmin: true },
    { ...IN_CHARGE, revision: undefined }
  ]) {
    health = state;
    cleaning.ask(['early']);
    mock.timers.tick(3000);
    assert.deepEqual(cleaned, []);
  }
  cleaning.ask(['late']);
  health = IN_CHARGE;
  mock.timers.tick(1000);
  assert.deepEqual(cleaned, [['late']]);
});

test('without an id nothing is cleaned, and what was asked for before is forgotten', () => {
  health = IN_CHARGE;
  cleaning.ask(['a']);
  cleaning.ask([]);
  mock.timers.tick(48 * 60 * 60 * 1000);
  assert.deepEqual(cleaned, [['a']]);
  cleaning.ask(['b']);
  assert.deepEqual(cleaned, [['a'], ['b']]);
});

test('ids are told of for one revision, which may come after them', () => {
  health = { ...IN_CHARGE, mirrored: false };
  cleaning.ask(['a']);
  health = { ...IN_CHARGE, revision: '6' };
  mock.timers.tick(1000);
  mock.timers.tick(60 * 60 * 1000);
  assert.deepEqual(cleaned, [['a'], ['a']]);
  health = { ...IN_CHARGE, revision: '7' };
  mock.timers.tick(60 * 60 * 1000);
  health = { ...IN_CHARGE, revision: '6' };
  mock.timers.tick(60 * 60 * 1000);
  assert.equal(cleaned.length, 2);
  cleaning.ask(['b']);
  assert.deepEqual(cleaned.at(-1), ['b']);
});

test('nothing is cleaned after the end', () => {
  cleaning.ask(['a']);
  cleaning.close();
  health = IN_CHARGE;
  mock.timers.tick(5000);
  assert.deepEqual(cleaned, []);
});
