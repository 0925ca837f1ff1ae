'use strict';

// Flows that look random, and what a deploy may have made of them: small enough that everything meets.

const ID_POOL = [
  ...Array.from({ length: 14 }, (_, index) => `n${index}`),
  ...['t1', 't2', 't3', 's1', 's2', 's3', 'g1', 'g2', 'g3', 'c1', 'c2', '100', '7', 'a,b', 'change']
];
const ODD_IDS = [
  undefined,
  null,
  7,
  1.5,
  '',
  'true',
  '[object Object]',
  'constructor',
  'toString',
  '__proto__',
  ['n1']
];
/** Names of properties that every object has as well. */
const STRANGE_NAMES = ['hasOwnProperty', 'toString', 'valueOf', 'constructor'];
const TYPES = ['change', 'change', 'inject', 'link in', 'link out', 'subflow:s1', 'subflow:s2', 'subflow:s3'];
const CONFIG_TYPES = ['mqtt-broker', 'tls-config', 'global-config'];

/**
 * @param {(below: number) => number} random
 * @param {{ oddities?: boolean }} [options] `oddities`: what Node-RED's reading or comparing may fail with, ids that two
 *   nodes have, places that are not there
 */
function createFlows(random, { oddities = true } = {}) {
  const pick = (list) => list[random(list.length)];
  const chance = (of) => random(of) === 0;
  const id = () => (oddities && chance(60) ? pick(ODD_IDS) : pick(ID_POOL));
  const ids = (most) => Array.from({ length: random(most + 1) }, id);
  const env = () => [{ name: 'A', type: 'str', value: `${random(3)}` }].slice(random(2));

  /** What may name another node, or look as if it did. */
  const value = () =>
    pick([
      () => id(),
      () => [id()],
      () => [[id()]],
      () => ids(3),
      () => ({ id: id() }),
      () => [{ p: 'payload', to: id() }],
      () => random(120),
      () => random(4) / 2,
      () => pick([true, false, null, '', 'a text', `${random(3)}`]),
      () => (chance(10) ? pick([{ toString: 'x' }, [{ toString: 'x' }, 1], 'hasOwnProperty', '__proto__']) : {})
    ])();

  const place = () => ({ ...(chance(6) ? {} : { z: pick(['t1', 't2', 't3', 's1', 's2', 's3', 'gone', '']) }) });
  const extras = () => ({
    ...(chance(3) ? { g: pick(['g1', 'g2', 'g3', 'g9']) } : {}),
    ...(chance(8) ? { d: pick([true, false]) } : {}),
    ...(chance(12) ? { credentials: pick([{}, null, { user: 'u' }]) } : {}),
    ...(chance(3) ? { broker: chance(2) ? pick(['c1', 'c2']) : value() } : {}),
    ...(chance(3) ? { scope: value() } : {}),
    ...(chance(6) ? { name: value() } : {}),
    ...(oddities && chance(120) ? { [pick(STRANGE_NAMES)]: value() } : {})
  });

  const wires = () =>
    chance(150) ? pick([[null], [[], 5], ['n1'], 'n1', {}, 5]) : Array.from({ length: random(3) }, () => ids(3));

  const kinds = {
    tab: () => ({
      id: pick(['t1', 't2', 't3']),
      type: 'tab',
      label: 'tab',
      disabled: chance(5),
      env: env(),
      ...(chance(20) ? { wires: [ids(2)] } : {})
    }),
    subflow: () => ({ id: pick(['s1', 's2', 's3']), type: 'subflow', name: 'sub', in: [], out: [], env: env() }),
    group: () => ({
      id: pick(['g1', 'g2', 'g3']),
      type: 'group',
      ...place(),
      ...(chance(2) ? { nodes: ids(4) } : {}),
      ...(chance(3) ? { g: pick(['g1', 'g2', 'g3']) } : {}),
      ...(chance(3) ? { env: env() } : {}),
      style: { stroke: `${random(3)}` },
      x: random(3),
      w: random(3)
    }),
    config: () => ({
      id: pick(['c1', 'c2', id()]),
      type: pick(CONFIG_TYPES),
      ...(chance(2) ? place() : {}),
      ...extras()
    }),
    node: () => ({
      id: id(),
      type: chance(40) ? pick(['constructor', 'toString', 'n1', 'subflow:s9']) : pick(TYPES),
      ...place(),
      ...extras(),
      x: random(3),
      y: random(3),
      ...(chance(8) ? {} : { wires: wires() }),
      ...(chance(4) ? { links: ids(2) } : {})
    })
  };

  const node = () => kinds[pick(['tab', 'subflow', 'group', 'config', ...Array.from({ length: 9 }, () => 'node')])]();
  const flows = (most = 30) => [
    ...(chance(4)
      ? []
      : [
          { ...kinds.tab(), id: 't1' },
          { ...kinds.tab(), id: 't2' }
        ]),
    ...(chance(2) ? [] : [{ ...kinds.subflow(), id: 's1' }]),
    ...Array.from({ length: random(most) }, node)
  ];

  const changes = [
    (nodes, at) => nodes.splice(at, 1),
    (nodes, at) => nodes.splice(at, 0, node()),
    (nodes, at) => nodes.splice(at, 1, node()),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], extras()),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], { x: random(3), y: random(3) }),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], { wires: [ids(3)] }),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], { env: env() }),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], { disabled: chance(2), d: chance(2) }),
    (nodes, at) => nodes[at] && Object.assign(nodes[at], place()),
    (nodes, at) => nodes[at] && delete nodes[at][pick(Object.keys(nodes[at]).filter((name) => name !== 'type'))],
    (nodes, at) => nodes[at] && nodes.splice(at, 1, Object.fromEntries(Object.entries(nodes[at]).reverse())),
    (nodes) => nodes.reverse(),
    (nodes) => nodes.forEach((each, index) => Object.assign(each, { name: `everything ${index}` }))
  ];

  /** Without the links with which Node-RED writes to every object that there is. */
  function harmless(nodes) {
    const isPrototype = (name) => String(name) === '__proto__';
    return nodes.filter(({ id, type, links = [] }) => !type.startsWith('link') || ![id, ...links].some(isPrototype));
  }

  /** The same flows after a few changes, or others. */
  function changed(before) {
    if (chance(20)) {
      return flows();
    }
    const nodes = structuredClone(before);
    for (let count = random(4); count > 0; count -= 1) {
      // The last ones are rare.
      const change = changes[chance(12) ? random(changes.length) : random(changes.length - 2)];
      change(nodes, random(nodes.length + 1));
    }
    return nodes;
  }

  /** What an editor may make. */
  function ordinary(nodes) {
    const byId = new Map(
      nodes.filter(({ id }) => typeof id === 'string' && !/^\d+$/.test(id)).map((each) => [each.id, each])
    );
    const places = [...byId.values()].filter(({ type }) => type === 'tab' || type === 'subflow');
    const ids = new Set(places.map((place) => place.id));
    const known = new Set([...TYPES, ...CONFIG_TYPES, 'tab', 'subflow', 'group']);
    const placed = [...byId.values()].filter(({ z, type }) => (!z || ids.has(z)) && known.has(type));
    const subflows = new Set(placed.filter(({ type }) => type === 'subflow').map((subflow) => subflow.id));
    return placed.filter(({ type }) => !type.startsWith('subflow:') || subflows.has(type.slice('subflow:'.length)));
  }

  const shown = (nodes) => (oddities ? harmless(nodes) : ordinary(harmless(nodes)));
  return { flows: () => shown(flows()), changed: (before) => shown(changed(before)) };
}

module.exports = { createFlows };
