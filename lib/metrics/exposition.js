'use strict';

// The text form of OpenMetrics 1.0, which Prometheus reads.

/** @typedef {'gauge' | 'counter' | 'histogram' | 'info'} Type */

/**
 * @typedef {object} Sample
 * @property {string} [suffix] what follows the name of the family
 * @property {Record<string, string>} [labels]
 * @property {number} value
 */

/**
 * What belongs under one name.
 *
 * @typedef {object} Family
 * @property {string} name
 * @property {Type} type
 * @property {string} help
 * @property {Sample[]} samples none: the family is left out
 */

const CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** @param {string} text */
const escaped = (text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

/** @param {Record<string, string>} labels */
function labelsAsText(labels) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

/**
 * @param {Family[]} families
 * @returns {string}
 */
function exposition(families) {
  const lines = families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# TYPE ${name} ${type}`,
      `# HELP ${name} ${escaped(help)}`,
      ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelsAsText(labels)} ${value}`)
    ]);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

module.exports = { CONTENT_TYPE, exposition };
