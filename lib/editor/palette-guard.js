'use strict';

const { name: NAME } = require('../../package.json');

/**
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

const LABEL = 'nodeRedStorageValkeyGuard';

/**
 * Keeps the palette from removing this package: the next start would have no storage.
 *
 * @param {{ runtime: Runtime, log: Log }} params
 */
function guardPalette({ runtime, log }) {
  // What Node-RED has taken out of its list before it asks, an editor that is opened later would miss.
  const putBack = async () => {
    const { openRegistry } = require('../packages/palette/registry');
    const registry = openRegistry(runtime);
    if (!registry.getModuleInfo(NAME)) {
      await registry.addModule(NAME);
    }
  };

  // One parameter: with another number of them Node-RED waits for a callback. It takes `false` for done; only an error
  // refuses.
  runtime.hooks.add(`preUninstall.${LABEL}`, (/** @type {{ module?: unknown }} */ { module }) => {
    if (module !== NAME) {
      return;
    }
    setImmediate(() => {
      putBack().catch((error) => log.debug(`the palette lists ${NAME} from the next start on: ${error.message}`));
    });
    throw new Error(
      `${NAME} is the storage of this Node-RED, which could not start without it; to remove it, take 'storageModule' out of settings.js first`
    );
  });

  return { close: () => runtime.hooks.remove(`preUninstall.${LABEL}`) };
}

module.exports = { guardPalette };
