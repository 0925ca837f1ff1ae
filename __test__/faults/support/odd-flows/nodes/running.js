'use strict';

// Not for its node type: GET /running gives how many deploys and loads have come to their end, the
// revision that a worker runs, and what runs: each started node with its place, type and wires, and the environment of its flow and
// groups, as sorted lines of text.

const path = require('node:path');

const STORAGE = path.join(__dirname, '..', '..', '..', '..', '..', 'lib', 'storage.js');
const FLOW = /@node-red[\\/]runtime[\\/]lib[\\/]flows[\\/]Flow\.js$/;

/** Every flow and subflow that was started, in the order of their first start. */
const flows = new Set();

function watchFlows() {
  const [file] = Object.keys(require.cache).filter((name) => FLOW.test(name));
  const { Flow } = require(file);
  const { start } = Flow.prototype;
  Flow.prototype.start = function started(...args) {
    flows.add(this);
    return start.apply(this, args);
  };
}

const textOf = (value) => {
  try {
    return JSON.stringify(value);
  } catch (error) {
    return error.message;
  }
};

/** The revision that a worker runs. */
function revision() {
  const storage = require.cache[STORAGE];
  return storage?.exports.instance().health()?.revision;
}

/** What every object has that it should not: a flow may have put it there. */
function foreignProperties() {
  const names = [];
  for (const name in {}) {
    names.push(name);
  }
  return names;
}

function running() {
  const lines = foreignProperties().map((name) => `every object has '${name}'`);
  for (const flow of flows) {
    const nodes = Object.entries(flow.activeNodes);
    if (nodes.length === 0) {
      continue; // it has been stopped, or has nothing
    }
    lines.push(`${flow.path} env ${textOf(flow._env)}`);
    for (const [id, group] of Object.entries(flow.groups || {})) {
      lines.push(`${flow.path} group ${id} env ${textOf(group._env)}`);
    }
    for (const [id, node] of nodes) {
      lines.push(
        `${flow.path} node ${id} ${textOf([node.id, node.type, node.z, node.g, node.name, node.wires, node.links])}`
      );
    }
  }
  return lines.map(withAliases).sort();
}

/** Node-RED 3.0 gives what is in a subflow another id at each start. */
function withAliases(line) {
  let told = line;
  // Those that have been stopped are still among them, with what they had.
  for (const flow of [...flows].filter(({ activeNodes }) => Object.keys(activeNodes).length > 0)) {
    const { nodes, configs, groups } = flow.flow;
    for (const { id, _alias } of Object.values({ ...nodes, ...configs, ...groups })) {
      if (_alias && id !== `${flow.id}-${_alias}`) {
        told = told.replaceAll(id, `~${_alias}`);
      }
    }
  }
  return told;
}

module.exports = (RED) => {
  watchFlows();
  function Running(config) {
    RED.nodes.createNode(this, config);
  }
  RED.nodes.registerType('running', Running);
  let deploys = 0;
  RED.events.on('runtime-event', ({ id }) => {
    if (id === 'runtime-deploy') {
      deploys += 1;
    }
  });
  RED.httpAdmin.get('/running', (request, response) =>
    response.json({ deploys, revision: revision(), lines: running() })
  );
};
