'use strict';

const { addNodesDir } = require('./nodes-dir');
const { leaveOpened, takeOpened } = require('./opened');
const { guardPalette } = require('./palette-guard');
const { ROUTES } = require('./routes');
const { version: VERSION } = require('../../package.json');

/**
 * @import { EditorParams, PluginApi } from '../types/editor'
 * @import { OpenedStorage } from './opened'
 */

/**
 * What this package is in Node-RED's editor: on an admin its plugin gets routes, on every instance the palette can't remove
 * the package. To be opened before Node-RED looks for plugins.
 *
 * @param {EditorParams} params
 */
function openEditor(params) {
  const { settings, role } = params;
  const guard = guardPalette(params);
  let hasRoutes = false;

  /** @type {OpenedStorage} */
  const storage = {
    // Called again when Node-RED loads the plugin again.
    addTo(RED) {
      if (!hasRoutes) {
        hasRoutes = true;
        addRoutes(RED, params);
      }
    }
  };

  addNodesDir(settings);
  if (role === 'admin') {
    leaveOpened(settings.userDir, storage);
  }

  return {
    close() {
      takeOpened(settings.userDir, storage);
      guard.close();
    }
  };
}

/**
 * @param {PluginApi} RED
 * @param {EditorParams} params
 */
function addRoutes(RED, params) {
  // By this the editor part knows that it has something to show. The right is that by which the plugin was loaded.
  RED.httpAdmin.get(
    '/node-red-storage-valkey/editor',
    RED.auth.needsPermission('plugins.read'),
    (_request, response) => {
      response.json({ version: VERSION });
    }
  );
  ROUTES.forEach((add) => add(RED, params));
}

module.exports = { openEditor };
