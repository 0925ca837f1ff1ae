'use strict';

const { keyOf } = require('../flows/key');

/** @import { FlowNode } from '../types/node-red' */

/** The environment variable of a tab that says where the tab runs. */
const NAME = 'CLUSTER_PLACEMENT';

/**
 * Where a tab is to run. `label` and `once` are for workers; with `labels`, for those that have one of them.
 *
 * @typedef {{ kind: 'all' | 'workers' | 'admin' | 'label' | 'once', labels: string[] }} Placement
 */

/** @type {Placement} */
const EVERYWHERE = { kind: 'all', labels: [] };
const LABEL = /^[A-Za-z0-9._-]{1,64}$/;
const MOST_LABELS = 32;
const ALLOWED = 'all, workers, admin, once, label:<label>,… and once:<label>,…';

/** In characters: a value comes from whoever edits flows. */
const SHOWN = 80;

/** @param {string} text */
function shown(text) {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return `'${short.replace(/[^\x20-\x7e…]/g, '?')}'`;
}

/**
 * What the tab says: of two variables with the name the last counts, as in Node-RED.
 *
 * @param {Pick<FlowNode, 'env'>} tab
 */
function variableOf({ env }) {
  const variables = Array.isArray(env) ? env.filter((item) => item?.name === NAME) : [];
  return variables.at(-1);
}

/**
 * Whether an instance can name the tab to another one.
 *
 * @param {unknown} id
 */
function isNameable(id) {
  const key = keyOf(id);
  return key !== '' && !/\p{Surrogate}/u.test(key);
}

/**
 * Where a tab is to run by its environment variable; `fault` says what is wrong with that.
 *
 * @param {Pick<FlowNode, 'env' | 'id'>} tab
 * @returns {Placement | { fault: string }}
 */
function placementOf(tab) {
  const variable = variableOf(tab);
  if (!variable) {
    return EVERYWHERE;
  }
  const { type = 'str', value } = variable;
  if (type !== 'str' || typeof value !== 'string') {
    return { fault: `${NAME} has to be a text (string), not of another type` };
  }
  const text = value.trim();
  if (/^once\b/.test(text) && !isNameable(tab.id)) {
    return {
      fault: `${NAME} is ${shown(value)}, for which the id of the tab can't be used: it is empty, or no well-formed text`
    };
  }
  if (text === 'all' || text === 'workers' || text === 'admin' || text === 'once') {
    return { kind: text, labels: [] };
  }
  const [, kind, list] = /^(label|once):(.*)$/s.exec(text) || [];
  if (kind === undefined) {
    return { fault: `${NAME} is ${shown(value)}, which is none of ${ALLOWED}` };
  }
  const labels = [...new Set(list.split(',').map((label) => label.trim()))];
  const wrong = labels.find((label) => !LABEL.test(label));
  if (wrong !== undefined) {
    return {
      fault: `${NAME} is ${shown(value)}: ${shown(wrong)} is no label (1 to 64 of letters, digits, '.', '_' and '-')`
    };
  }
  if (labels.length > MOST_LABELS) {
    return { fault: `${NAME} names ${labels.length} labels, more than ${MOST_LABELS}` };
  }
  return { kind: /** @type {'label' | 'once'} */ (kind), labels };
}

/**
 * Whether two sets of variables are the same but for the placement, which no node goes by.
 *
 * @param {unknown} some
 * @param {unknown} others
 */
function differInPlacementAlone(some, others) {
  /** @param {unknown} env */
  const rest = (env) => JSON.stringify(Array.isArray(env) ? env.filter((item) => item?.name !== NAME) : (env ?? []));
  return rest(some) === rest(others);
}

module.exports = { EVERYWHERE, NAME, differInPlacementAlone, placementOf };
