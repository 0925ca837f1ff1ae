'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { watchErrors } = require('../../lib/fleet/errors');

/** A log as Node-RED has it, and what watches it. */
function watched({ settings = {}, credentials = {} } = {}) {
  const handlers = new Set();
  const log = { addHandler: (handler) => handlers.add(handler), removeHandler: (handler) => handlers.delete(handler) };
  const nodes = { getCredentials: (id) => credentials[id] };
  const errors = watchErrors({ runtime: { log, nodes }, settings });
  const tell = (line) => handlers.forEach((handler) => handler.emit('log', line));
  return { errors, tell, handlers };
}

test('errors are counted, of all levels up to that one, and the last is kept', () => {
  const { errors, tell } = watched();
  assert.equal(errors.last(), null);
  tell({ level: 40, msg: 'an information' });
  tell({ level: 30, msg: 'a warning' });
  assert.equal(errors.count(), 0);
  tell({ level: 20, msg: 'an error', type: 'function', id: 'abc' });
  tell({ level: 10, msg: new Error('fatal\nwith a second line') });
  assert.equal(errors.count(), 2);
  assert.deepEqual(errors.last(), { text: 'fatal', ago: 0 });
});

test('a text has no secret of the settings or of its node, no control character, and an end', () => {
  const settings = { credentialSecret: 'open-sesame', valkey: { password: 'pass-of-valkey', tls: { key: 'PEM-KEY' } } };
  const { errors, tell } = watched({ settings, credentials: { n1: { pin: 'own-pin-1234' } } });
  tell({ level: 20, id: 'n1', type: 'x', name: 'mine', msg: 'open-sesame pass-of-valkey PEM-KEY own-pin-1234' });
  assert.equal(errors.last().text, '[x:mine] *** *** *** ***');
  tell({ level: 20, msg: 'Authorization: Bearer abcdefghijkl, url redis://me:word@host/' });
  assert.equal(errors.last().text, 'Authorization: ***, url redis://***@host/');
  tell({ level: 20, msg: '\u001b[31mred\u202e\u0007' });
  assert.equal(errors.last().text, '[31mred'.replace('[', '[').trim());
  tell({ level: 20, msg: 'x'.repeat(100_000) });
  assert.equal(errors.last().text.length, 200);
});

test('what cannot be read of a line throws into nobody', () => {
  const { errors, tell } = watched();
  const hostile = {
    toString() {
      throw new Error('no');
    }
  };
  tell({ level: 20, msg: hostile });
  tell({ level: 20 });
  assert.equal(errors.count() >= 2, true);
});

test('closed it hears nothing', () => {
  const { errors, handlers } = watched();
  errors.close();
  assert.equal(handlers.size, 0);
});
