'use strict';

// Which releases of Node-RED, Node.js and the server are tried together.

/** Release lines of Node-RED, oldest first. */
const NODE_REDS = ['3.0', '3.1', '4.0', '4.1', '5'];
/** Release lines of Node.js, oldest first. */
const NODES = ['18', '20', '22', '24'];
/** Flavours of valkey-server.js, oldest first. */
const SERVERS = ['redis-6', 'redis-7', 'valkey-8', 'valkey-9'];

/**
 * Every Node-RED with every Node.js once, and the servers in turn, shifted by one from Node-RED to
 * Node-RED: so each server meets several of both. Some Node-REDs don't run on some Node.js.
 *
 * @returns {{nodeRed: string, node: string, server: string}[]} oldest first
 */
function fullPlan() {
  return NODE_REDS.flatMap((nodeRed, row) =>
    NODES.map((node, column) => ({ nodeRed, node, server: SERVERS[(row + column) % SERVERS.length] }))
  );
}

/** The oldest of everything, and the newest of everything. */
function quickPlan() {
  return [
    { nodeRed: NODE_REDS[0], node: NODES[0], server: SERVERS[0] },
    { nodeRed: NODE_REDS.at(-1), node: NODES.at(-1), server: SERVERS.at(-1) }
  ];
}

/** The names by which a combination can be asked for on the command line. */
function namesOf({ nodeRed, node, server }) {
  return [`node-red-${nodeRed}`, `node-${node}`, server];
}

/**
 * The part of the full plan that was asked for. Words of one kind are alternatives, those of
 * different kinds narrow each other down.
 */
function askedFor(words) {
  const plan = fullPlan();
  const kinds = [0, 1, 2].map((kind) => new Set(plan.map((combination) => namesOf(combination)[kind])));
  const unknown = words.find((word) => !kinds.some((kind) => kind.has(word)));
  if (unknown !== undefined) {
    throw new Error(
      `unknown argument '${unknown}'; known are --quick, --check, ` + kinds.flatMap((kind) => [...kind]).join(', ')
    );
  }
  const wanted = kinds.map((kind) => words.filter((word) => kind.has(word)));
  return plan.filter((combination) =>
    namesOf(combination).every((name, kind) => wanted[kind].length === 0 || wanted[kind].includes(name))
  );
}

module.exports = { NODES, NODE_REDS, SERVERS, askedFor, fullPlan, quickPlan };
