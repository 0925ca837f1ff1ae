'use strict';

const fs = require('node:fs');
const { builtinModules } = require('node:module');
const path = require('node:path');
const { usedLibraries } = require('../../flows/used-types');

/** @import { FlowNode, Settings } from '../../types/node-red' */

/**
 * The modules of Function nodes that Node-RED will install when it starts these flows, by its own
 * rule: those that are not in the package.json of the user directory.
 *
 * @param {FlowNode[]} flows
 * @param {Settings} settings
 */
function modulesToInstall(flows, settings) {
  const { modules = {} } = settings.externalModules || {};
  if (settings.functionExternalModules === false || modules.allowInstall === false) {
    return [];
  }
  const names = [...usedLibraries([flows.filter((node) => !node.d)])].filter(
    (name) => !builtinModules.includes(name.replace(/^node:/, '').split('/')[0])
  );
  if (names.length === 0) {
    return [];
  }
  const known = dependenciesOf(settings.userDir);
  return names.filter((name) => !Object.hasOwn(known, name));
}

/**
 * @param {string} userDir
 * @returns {Record<string, string>}
 */
function dependenciesOf(userDir) {
  try {
    return JSON.parse(fs.readFileSync(path.join(userDir, 'package.json'), 'utf8')).dependencies || {};
  } catch {
    return {};
  }
}

module.exports = { modulesToInstall };
