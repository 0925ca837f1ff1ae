'use strict';

// What the editor's tab shows, without an editor: the texts, and that each is in the catalogue.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');

const ROOT = path.join(__dirname, '..', '..');
const RESOURCES = path.join(ROOT, 'resources', 'fleet');
const CATALOGUE = JSON.parse(fs.readFileSync(path.join(ROOT, 'plugin', 'locales', 'en-US', 'fleet.json'), 'utf8'));

/** As Node-RED does it: nested keys, `__name__` for a value, `_plural` by `count`. */
function _(key, values = {}) {
  const one = key.split('.').reduce((part, name) => part?.[name], CATALOGUE);
  const several = key
    .split('.')
    .reduce((part, name, at, all) => part?.[at === all.length - 1 ? `${name}_plural` : name], CATALOGUE);
  const text = values.count !== undefined && values.count !== 1 ? (several ?? one) : one;
  assert.equal(typeof text, 'string', `${key} is in the catalogue`);
  return text.replace(/__(\w+?)__/g, (_match, name) => {
    assert.ok(name in values, `${key} is given ${name}`);
    return String(values[name]);
  });
}

function filesBelow(folder, ending) {
  return fs
    .readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

describe('the texts of the fleet tab', () => {
  let words;
  let progress;

  before(async () => {
    words = await import('../../resources/fleet/words.mjs');
    progress = await import('../../resources/fleet/deploy/progress.mjs');
  });

  test('times are told in the largest unit that they have', () => {
    const times = [-1, 0, 59, 60, 3599, 3600, 86399, 86400, 1e7].map((s) => words.duration(_, s));
    assert.deepEqual(times, ['0 s', '0 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d', '115 d']);
  });

  test('memory in MB; none where nothing is known', () => {
    assert.deepEqual(
      [0, 1048576, 89128960].map((bytes) => words.memory(_, bytes)),
      ['', '1 MB', '85 MB']
    );
  });

  test('how far an instance is behind', () => {
    const of = (behind, revision = '1-a') => words.revision(_, { behind, revision });
    assert.deepEqual(
      [of(0), of(1), of(12), of(null), of(null, null)],
      ['last', '1 behind', '12 behind', 'another', 'none']
    );
  });

  test('every state has words; one that nobody knows, too', () => {
    assert.deepEqual(
      [...words.ALL_STATES, 'else'].map((state) => words.stateText(_, state)),
      ['lost', 'not ready', 'behind', 'in step', 'unknown']
    );
  });

  test('the line on top', () => {
    const line = (total, inStep, instances = [{}]) => words.summary(_, { total, inStep, instances });
    assert.equal(line(20, 18), '18 of 20 workers run the last deploy');
    assert.equal(line(1, 1), '1 of 1 worker runs the last deploy');
    assert.equal(line(0, 0), 'No workers');
    assert.equal(line(0, 0, []), 'No instance has reported yet');
  });

  test('a deploy is counted once its revision is what is asked about, by an answer of now', () => {
    const worker = (name, state, error = null) => ({ name, role: 'worker', state, error });
    const fleet = {
      revision: '2-b',
      total: 2,
      inStep: 1,
      asOf: 0,
      instances: [worker('a', 'in step'), worker('b', 'lost')]
    };
    const of = (deployed, changed) => progress.progressOf({ revision: deployed }, { ...fleet, ...changed });
    assert.equal(of(null), undefined);
    assert.equal(of('1-a'), undefined);
    assert.equal(of('2-b', { asOf: 60_000 }), undefined);
    assert.equal(of('2-b', { asOf: null }), undefined);
    const seen = of('2-b', { asOf: 900 });
    assert.equal(progress.progressText(_, seen, false), '1 of 2 workers run the deploy…');
    assert.equal(progress.progressText(_, seen, true), '1 of 2 workers run it; 1 does not: b (lost)');
    const all = of('2-b', { inStep: 2, instances: [worker('a', 'in step'), worker('b', 'in step')] });
    assert.equal(progress.progressText(_, all, true), '2 of 2 workers run the deploy');
  });

  test('every text that is named in the code is in the catalogue, and every one there is named', () => {
    const source = filesBelow(RESOURCES, '.mjs')
      .map((file) => fs.readFileSync(file, 'utf8'))
      .join('\n');
    const named = new Set([...source.matchAll(/(?<![\w$])_\(\s*'([\w.-]+)'/g)].map(([, key]) => key));
    const computed = [...source.matchAll(/(?<![\w$])_\(\s*`([\w.-]+)\$\{/g)].map(([, start]) => start);
    const keys = [];
    const collect = (part, prefix) => {
      for (const [name, value] of Object.entries(part)) {
        if (typeof value === 'string') {
          keys.push(prefix + name);
        } else {
          collect(value, `${prefix}${name}.`);
        }
      }
    };
    collect(CATALOGUE, '');
    assert.deepEqual(
      [...named].filter((key) => !keys.includes(key)),
      []
    );
    const isNamed = (key) =>
      named.has(key) || source.includes(`'${key}'`) || computed.some((start) => key.startsWith(start));
    assert.deepEqual(
      keys.map((key) => key.replace(/_plural$/, '')).filter((key) => !isNamed(key)),
      []
    );
  });

  test('no file of the editor makes elements of text', () => {
    const unsafe = /\.html\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\$\(`/;
    for (const file of filesBelow(RESOURCES, '.mjs')) {
      assert.doesNotMatch(fs.readFileSync(file, 'utf8'), unsafe, file);
    }
  });
});
