'use strict';

// Reads OpenMetrics text strictly; what it does not allow is an error.

const assert = require('node:assert/strict');

const NAME = /^[a-z][a-z0-9_]*$/;
const LINE = /^([a-z][a-z0-9_]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|NaN)$/;
const LABELS = /([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;
const SUFFIXES = {
  gauge: [''],
  counter: ['_total'],
  info: ['_info'],
  histogram: ['_bucket', '_count', '_sum']
};

function labelsOf(text = '') {
  const labels = {};
  let end = 0;
  for (const [whole, name, value] of text.matchAll(LABELS)) {
    assert.ok(!(name in labels), name);
    labels[name] = value;
    end += whole.length;
  }
  assert.equal(end, text.length, `labels ${text}`);
  return labels;
}

/** By name of the family: `{ type, help, samples: [{ name, labels, value }] }`. */
function parseOpenMetrics(text) {
  assert.ok(text.endsWith('\n# EOF\n'), 'its end');
  const families = {};
  let current;
  for (const line of text.split('\n').slice(0, -2)) {
    const [, kind, name, rest] = /^# (TYPE|HELP) (\S+) (.+)$/.exec(line) || [];
    if (kind === 'TYPE') {
      assert.match(name, NAME);
      assert.ok(!(name in families), `${name} twice`);
      assert.ok(rest in SUFFIXES, rest);
      current = families[name] = { type: rest, samples: [] };
    } else if (kind === 'HELP') {
      assert.equal(families[name], current);
      current.help = rest;
    } else {
      const [, sample, labels, value] = LINE.exec(line) || assert.fail(`line ${line}`);
      const family = Object.keys(families).at(-1);
      assert.ok(
        SUFFIXES[current.type].some((suffix) => sample === family + suffix),
        `${sample} in ${family}`
      );
      current.samples.push({
        name: sample,
        labels: labelsOf(labels),
        value: Number(value.replace('+Inf', 'Infinity'))
      });
    }
  }
  for (const [name, { type, help, samples }] of Object.entries(families)) {
    assert.ok(help, `help of ${name}`);
    assert.ok(samples.length > 0, name);
    if (type === 'histogram') {
      const buckets = samples.filter((sample) => sample.name.endsWith('_bucket'));
      buckets.reduce((before, { value }) => (assert.ok(value >= before), value), 0);
      assert.equal(buckets.at(-1).labels.le, '+Inf');
      assert.equal(buckets.at(-1).value, samples.find((sample) => sample.name.endsWith('_count')).value);
    }
  }
  return families;
}

module.exports = { parseOpenMetrics };
