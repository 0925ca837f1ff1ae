'use strict';

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures each in turn, again and again, so that what else the machine does meets all alike.
 *
 * @template Subject
 * @param {Subject[]} subjects
 * @param {number} times
 * @param {(subject: Subject, round: number) => Promise<Record<string, number>>} measure by name what it took
 * @param {(subject: Subject) => string} [nameOf]
 * @returns {Promise<Record<string, Record<string, number[]>>>} by what was measured, and by subject
 */
async function alternate(subjects, times, measure, nameOf = ({ subject }) => subject) {
  const samples = {};
  for (let round = 0; round < times; round += 1) {
    for (const subject of subjects) {
      for (const [what, value] of Object.entries(await measure(subject, round))) {
        samples[what] ||= {};
        (samples[what][nameOf(subject)] ||= []).push(value);
      }
    }
  }
  return samples;
}

module.exports = { alternate, median };
