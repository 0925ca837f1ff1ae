'use strict';

const { isDeepStrictEqual } = require('node:util');

/** The nodes of a flow array by id; of two with one id the last counts, as in Node-RED. */
function byId(flows) {
  return new Map(flows.map((node) => [node.id, node]));
}

/**
 * The credentials that belong to a node of these flows. Node-RED drops the
 * others from its cache, so to compare with them would take a node that comes
 * back for one whose credentials are already there.
 */
function credentialsInUse(credentials, nodes) {
  const used = Object.entries(credentials).filter(([id, value]) => nodes.has(id) && value);
  return new Map(used);
}

/** Flows and plain credentials in the form in which they are compared. */
function configuration({ flows, credentials }) {
  const nodes = byId(flows);
  return { flows, text: JSON.stringify(flows), nodes, credentials: credentialsInUse(credentials || {}, nodes) };
}

// Node-RED compares an env by its text as well, and for thousands of nodes
// this is ten times faster than to walk them.
function isSameText(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** How the next flows and plain credentials differ from those handed to Node-RED before. */
function compare(before, next) {
  const added = [];
  const changed = [];
  const removed = [];
  const environments = [];
  for (const [id, node] of next.nodes) {
    const old = before.nodes.get(id);
    if (!old) {
      added.push(id);
    } else if (!isSameText(old, node)) {
      changed.push(id);
      if (!isSameText(old.env, node.env)) {
        environments.push(id);
      }
    }
  }
  for (const id of before.nodes.keys()) {
    if (!next.nodes.has(id)) {
      removed.push(id);
    }
  }
  const credentials = [];
  for (const id of next.nodes.keys()) {
    const [one, other] = [before.credentials.get(id), next.credentials.get(id)];
    if (one !== other && !isDeepStrictEqual(one, other)) {
      credentials.push(id);
    }
  }
  return { added, changed, removed, environments, credentials };
}

module.exports = { compare, configuration, isSameText };
