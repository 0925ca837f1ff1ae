'use strict';

const { addFleetRoute } = require('../fleet/routes');
const { addHistoryRoutes } = require('../history/routes');
const { addStreamRoutes } = require('../streams/routes');
const { addDeployedRoute } = require('./deployed');

/** @import { EditorParams, PluginApi } from '../types/editor' */

/**
 * Those that add routes to the editor's API, below `/node-red-storage-valkey/`, each in a file of its own. Called once, when
 * Node-RED has loaded the plugin of an admin; whether its storage is open by then, they ask with each request.
 *
 * @type {Array<(RED: PluginApi, params: EditorParams) => void>}
 */
const ROUTES = [addDeployedRoute, addFleetRoute, addHistoryRoutes, addStreamRoutes];

module.exports = { ROUTES };
