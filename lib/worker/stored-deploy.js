'use strict';

const { codedError } = require('../errors');
const credentialsOf = require('../flows/credentials');
const { flowFault } = require('../flows/validate');

/**
 * @import { KeyNames, StoredDeploy } from '../../binding'
 * @import { Placement } from '../types/core'
 * @import { Credentials, FlowNode, Runtime, Settings, StoredCredentials } from '../types/node-red'
 */

/** @typedef {ReturnType<typeof createStoredDeploys>} StoredDeploys */

/**
 * Makes of a deploy as Valkey has it what this instance's Node-RED can run.
 *
 * @param {object} parts
 * @param {Settings} parts.settings
 * @param {Runtime} parts.runtime
 * @param {KeyNames} parts.keys
 * @param {Pick<Placement, 'checked'>} parts.placement
 */
function createStoredDeploys({ settings, runtime, keys, placement }) {
  /** What this instance's Node-RED decrypts with: a text, or undefined when it does not. */
  const ownSecret = () => {
    const configured = settings.credentialSecret;
    if (configured !== undefined) {
      return typeof configured === 'string' ? configured : undefined;
    }
    return runtime.settings.available() ? runtime.settings.get('_credentialSecret') : undefined;
  };

  /**
   * Plain credentials in the form that this instance's Node-RED can load.
   *
   * @param {Credentials} plain
   */
  const seal = (plain) => {
    const own = ownSecret();
    return own === undefined ? plain : credentialsOf.encrypt(own, plain);
  };

  /**
   * A stored deploy with these flows of it, decrypted; throws when it can't be used here.
   *
   * @param {Pick<StoredDeploy, 'credentials' | 'settings'>} stored
   * @param {FlowNode[]} flows
   */
  const open = (stored, flows) => {
    const sharedSecret = JSON.parse(stored.settings)._credentialSecret;
    /** @type {StoredCredentials} */
    const encrypted = JSON.parse(stored.credentials);
    let opened;
    try {
      opened = credentialsOf.open(encrypted, [sharedSecret, settings.credentialSecret]);
    } catch (error) {
      throw codedError(error.code, `key '${keys.credentials}': ${error.message}`);
    }
    const fault = flowFault(flows);
    if (fault) {
      throw codedError('ERR_VALKEY_VALUE', `key '${keys.flows}': ${fault}`);
    }
    return { flows: placement.checked(flows), encrypted, ...opened, sharedSecret };
  };

  /**
   * Node-RED reads its settings once, at start; the admin's secret may come later.
   *
   * @param {ReturnType<typeof open>} deploy
   */
  const adoptSecret = async (deploy) => {
    const needed = settings.credentialSecret === undefined && deploy.sharedSecret !== undefined;
    if (needed && runtime.settings.available() && ownSecret() !== deploy.sharedSecret) {
      await runtime.settings.set('_credentialSecret', deploy.sharedSecret);
    }
  };

  /**
   * The credentials of a deploy in that form, which they may have already.
   *
   * @param {ReturnType<typeof open>} deploy
   * @returns {StoredCredentials}
   */
  const credentialsFor = (deploy) => {
    const own = ownSecret();
    if (!credentialsOf.isEncrypted(deploy.encrypted) || own === undefined) {
      return deploy.plain;
    }
    return deploy.secret === own ? deploy.encrypted : seal(deploy.plain);
  };

  return { open, seal, adoptSecret, credentialsFor };
}

module.exports = { createStoredDeploys };
