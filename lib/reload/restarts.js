'use strict';

const STRUCTURE = new Set(['tab', 'subflow', 'group']);

/**
 * The ids of the nodes that a deploy stopped and that the new flows still
 * have, read from the difference that Node-RED itself announces.
 */
function restartedNodes({ type, diff }, before, next) {
  const list = (name) => (diff && diff[name]) || [];
  const full = type === 'full' || !diff;
  const stopped = new Set(list('changed'));
  if (type === 'flows') {
    list('linked')
      .concat(list('rewired'))
      .forEach((id) => stopped.add(id));
  }
  const flows = new Set(list('flowChanged').concat(list('added'), list('removed')));
  const restarted = new Set();
  for (const [id, node] of next) {
    const old = before.get(id);
    const runs = old && !STRUCTURE.has(node.type) && !isInTemplate(node, next) && isEnabled(old, before);
    if (runs && isEnabled(node, next) && (full || stopped.has(id) || flows.has(node.z))) {
      restarted.add(id);
    }
  }
  return restarted;
}

function isInTemplate(node, nodes) {
  const container = nodes.get(node.z);
  return Boolean(container) && container.type === 'subflow';
}

function isEnabled(node, nodes) {
  const container = nodes.get(node.z);
  return node.d !== true && !(container && container.disabled);
}

module.exports = { restartedNodes };
