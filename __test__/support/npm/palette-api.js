'use strict';

// The palette of an admin through Node-RED's HTTP API, as the editor's palette uses it, and what
// of it can be seen on an instance without that API: a flow that answers.

const { until } = require('../wait.js');

/** npm runs within the request. */
const NPM_DEADLINE = 120_000;

/** Installs a package; without a version its latest. Returns what Node-RED tells of the module. */
async function installModule(admin, module, version) {
  const response = await admin.admin('/nodes', {
    method: 'POST',
    body: { module, ...(version ? { version } : {}) },
    deadline: NPM_DEADLINE
  });
  return response.json();
}

/** Installs another version of a module that is installed. */
const upgradeModule = installModule;

/** Removes a package; refused by Node-RED while a flow of the admin uses one of its types. */
async function removeModule(admin, module) {
  await admin.admin(`/nodes/${module}`, { method: 'DELETE', deadline: NPM_DEADLINE });
}

/** The modules that the palette shows, `{ <module>: <version> }`. */
async function modulesOf(admin) {
  const sets = (await admin.admin('/nodes', { headers: { Accept: 'application/json' } })).json();
  return Object.fromEntries(sets.map(({ module, version }) => [module, version]));
}

const pathOf = (type) => `/type/${type}`;

/** A flow that answers `GET /type/<type>` with what a node of the type makes of a message. */
function typeFlow(types, { tab = 'types' } = {}) {
  return [
    { id: tab, type: 'tab', label: tab },
    ...types.flatMap((type, at) => {
      const [first, middle, last] = ['in', 'node', 'out'].map((part) => `${tab}-${type}-${part}`);
      const place = { z: tab, x: 100, y: 40 * (at + 1) };
      return [
        { id: first, type: 'http in', ...place, url: pathOf(type), method: 'get', wires: [[middle]] },
        { id: middle, type, ...place, wires: [[last]] },
        { id: last, type: 'http response', ...place, wires: [] }
      ];
    })
  ];
}

/** What a node of the type answers on the instance now, or why there is none. */
async function typeAnswer(instance, type, deadline = 30_000) {
  const { status, text } = await instance.http(pathOf(type), { deadline });
  return status === 200 ? text : `status ${status}`;
}

/** Waits until a node of the type answers so; returns how many ms it took. */
async function untilType(instance, type, wanted, deadline = 60_000) {
  const began = performance.now();
  let last;
  await until(
    async () => {
      // A request that meets the restart of its node is never answered.
      last = await typeAnswer(instance, type, 1000).catch((error) => error.message);
      return last === wanted;
    },
    {
      deadline,
      interval: 10,
      message: () => `answer '${wanted}' of a ${type} (last: '${last}'); the log ends:\n${instance.tail()}`
    }
  );
  return performance.now() - began;
}

module.exports = { installModule, modulesOf, pathOf, removeModule, typeAnswer, typeFlow, untilType, upgradeModule };
