'use strict';

const nodeRed = require('../node-red');
const { withoutDrafts } = require('./library-drafts');

/**
 * @import { OpenParams } from '../types/core'
 * @import { FlowNode, StoredCredentials, StoredSettings } from '../types/node-red'
 */

/**
 * Opens an admin with `readOnly`: Node-RED's local storage saves nothing on disk, so nothing is
 * mirrored.
 *
 * @param {OpenParams} params
 */
async function openReadOnlyAdmin({ settings, runtime, log }) {
  const local = nodeRed.localStorage();
  await local.init(settings, runtime);
  log.warn("'readOnly' is set: nothing is saved on disk, so nothing is mirrored to Valkey");

  return {
    getSettings: () => /** @type {Promise<StoredSettings>} */ (local.getSettings()),
    /** @param {StoredSettings} changed */
    saveSettings: (changed) => local.saveSettings(changed),

    getFlows: () => local.getFlows(),
    /**
     * @param {FlowNode[]} flows
     * @param {object} [user]
     */
    saveFlows: (flows, user) => local.saveFlows(flows, user),

    getCredentials: () => local.getCredentials(),
    /** @param {StoredCredentials} credentials */
    saveCredentials: (credentials) => local.saveCredentials(credentials),

    getSessions: () => local.getSessions(),
    /** @param {object} sessions */
    saveSessions: (sessions) => local.saveSessions(sessions),

    /**
     * @param {string} type
     * @param {string} entry
     */
    getLibraryEntry: async (type, entry) => withoutDrafts(await local.getLibraryEntry(type, entry)),
    /**
     * @param {string} type
     * @param {string} entry
     * @param {Record<string, string>} meta
     * @param {string} body
     */
    saveLibraryEntry: (type, entry, meta, body) => local.saveLibraryEntry(type, entry, meta, body),

    /** For probes: nothing is mirrored. */
    health: () => null,

    async close() {}
  };
}

module.exports = { openReadOnlyAdmin };
