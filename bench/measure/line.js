'use strict';

// A line of the table: what was measured, the medians, the figure that counts, and what it must be.

const { median } = require('./samples.js');

/** How much less than another subject's. */
const ratioTo = (subject, limit) => ({
  text: `≤ ${limit} × ${subject}`,
  of: (medians) => medians.valkey / medians[subject],
  show: (figure) => `${figure.toFixed(2)} ×`,
  met: (figure) => figure <= limit
});

/** How many times faster than another. */
const timesFasterThan = (subject, limit) => ({
  text: `≥ ${limit} × as fast as ${subject}`,
  of: (medians) => medians[subject] / medians.valkey,
  show: (figure) => `${figure.toFixed(2)} ×`,
  met: (figure) => figure >= limit
});

/** How much more than another's, in the line's unit. */
const moreThan = (subject, limit, unit) => ({
  text: `≤ ${subject} + ${limit} ${unit}`,
  of: (medians) => medians.valkey - medians[subject],
  show: (figure) => `${figure < 0 ? '−' : '+'} ${Math.abs(figure).toFixed(figure < 10 ? 1 : 0)} ${unit}`,
  met: (figure) => figure <= limit
});

const atMost = (limit, unit) => ({
  text: `≤ ${limit} ${unit}`,
  of: (medians) => medians.valkey,
  show: (figure) => `${Number(figure.toPrecision(3))} ${unit}`,
  met: (figure) => figure <= limit
});

/** Nothing is promised of it; it is there to be seen. */
const toBeSeen = { text: '', of: () => undefined, show: () => '', met: () => undefined };

/**
 * @param {string} what
 * @param {string} unit
 * @param {Record<string, number[]>} samples by subject
 * @param {ReturnType<typeof atMost> | typeof toBeSeen} target
 */
function line(what, unit, samples, target) {
  const medians = Object.fromEntries(Object.entries(samples).map(([subject, values]) => [subject, median(values)]));
  const figure = target.of(medians);
  return {
    what,
    unit,
    medians,
    samples: Object.fromEntries(Object.entries(samples).map(([subject, values]) => [subject, values.length])),
    figure,
    shown: figure === undefined ? '' : target.show(figure),
    target: target.text,
    met: figure === undefined ? undefined : target.met(figure)
  };
}

module.exports = { atMost, line, moreThan, ratioTo, timesFasterThan, toBeSeen };
