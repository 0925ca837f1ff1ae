'use strict';

const { createPalette } = require('../../../lib/packages/palette');
const { startInstance } = require('../../reload/support/instance');
const { installPackage, uninstallPackage } = require('./packages');

/** A tab with a node that stays as it is, to see that it is left alone. */
const BASE = [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value: 'same', x: 1, y: 1, wires: [[]] }
];

/** A Node-RED with a palette, in this process; with the editor or, as on most workers, without. */
async function startPalette({
  editor = false,
  upgrade,
  flows = BASE,
  settings = {},
  prepare = () => {},
  withReload = true,
  ...options
} = {}) {
  let palette;
  const removed = [];
  const announced = [];
  const instance = await startInstance({
    flows,
    ...options,
    settings: { ...(editor ? { httpAdminRoot: '/' } : { httpAdminRoot: false, disableEditor: true }), ...settings },
    onInit: ({ runtime, reload, settings: given, told }) => {
      const log = Object.fromEntries(
        ['error', 'warn', 'info', 'debug'].map((level) => [level, (text) => told.push({ level, text })])
      );
      palette = createPalette({ runtime, settings: given, log, upgrade, reload: withReload ? reload : undefined });
      prepare(given.userDir, palette);
      runtime.events.on('runtime-event', ({ id, payload }) => announced.push({ id, payload }));
    }
  });
  const { stop } = instance;
  return Object.assign(instance, {
    palette,
    removed,
    announced,
    install: (given) => installPackage(instance.userDir, given),
    /** npm installs and the core hands over. */
    add: (given, from = null) => palette.load([{ ...installPackage(instance.userDir, given), from }]),
    /** The core asks, and npm uninstalls what is gone. */
    async drop(...names) {
      const result = await palette.remove(names);
      result.removed.forEach((name) => uninstallPackage(instance.userDir, name));
      return result;
    },
    lines: (level) => instance.told.filter((line) => line.level === level).map(({ text }) => text),
    has: (type) => Boolean(instance.runtime.nodes.getType(type)),
    info: (name) => instance.runtime.nodes.getModuleInfo(name),
    /** The version of the package that the running node was made by. */
    versionOf: (id) => (instance.last(id) || {}).version,
    async stop() {
      palette.close();
      await stop();
    }
  });
}

/** Flows with a node of each type, on a tab of its own. */
function flowsWith(...types) {
  return BASE.concat(
    { id: 'b', type: 'tab', label: 'B' },
    types.map((type) => ({ id: `n-${type}`, type, z: 'b', value: 'v', x: 1, y: 1, wires: [[]] }))
  );
}

module.exports = { BASE, flowsWith, startPalette };
