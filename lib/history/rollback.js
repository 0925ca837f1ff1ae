'use strict';

const { isDeepStrictEqual } = require('node:util');

const { open, withoutCredentials } = require('../flows/credentials');
const { keyOf } = require('../flows/key');
const { missingTypes } = require('../flows/missing-types');
const nodeRed = require('../node-red');

/**
 * @import { Secrets } from '../admin/secrets'
 * @import { AdminCore } from '../types/core'
 * @import { Credentials, FlowNode, Runtime } from '../types/node-red'
 * @import { Entry, RollbackOutcome, RollbackWanted } from '../types/history'
 * @import { createNotes } from './notes'
 */

/**
 * A rollback is a deploy like any other: by Node-RED's own call, one at a time with those of editors, who are told of it.
 *
 * @param {object} params
 * @param {Pick<AdminCore, 'historyEntries' | 'historyState' | 'standing'>} params.core
 * @param {Runtime} params.runtime
 * @param {Secrets} params.secrets
 * @param {Pick<ReturnType<typeof createNotes>, 'rollingBack'>} params.notes
 * @param {() => string | undefined} params.project name of the Project that is open
 */
function createRollback({ core, runtime, secrets, notes, project }) {
  /**
   * Flows of one Project are not to be written over the files of another. What another admin had is of none here.
   *
   * @param {number} sequence
   */
  const checkProject = async (sequence) => {
    /** @type {Entry[]} */
    const entries = JSON.parse(await core.historyEntries());
    const entry = entries.find((one) => one.sequence === sequence);
    const opened = project();
    if (opened && entry?.project && entry.project !== opened && entry.origin !== 'replaced') {
      const message = `deploy ${sequence} is of the Project '${entry.project}': open that first, '${opened}' is open`;
      throw Object.assign(new Error(message), { code: 'other_project', status: 409 });
    }
  };

  /**
   * The credentials of then, plain; null when no secret that is known decrypts them.
   *
   * @param {string} stored
   * @param {string | undefined} secret
   */
  const plainCredentials = (stored, secret) => {
    try {
      return open(JSON.parse(stored), [...secrets.known(), secret]).plain;
    } catch {
      return null;
    }
  };

  /**
   * Node-RED adds to the credentials of today, and restarts nodes whose credentials stand on them: those that
   * had none get none, and those whose are others are restarted.
   *
   * @param {FlowNode[]} flows
   * @param {Credentials} plain
   */
  const withCredentials = (flows, plain) => {
    /** @type {Credentials} */
    const all = { ...plain };
    const marked = flows.map((node) => {
      const id = keyOf(node.id);
      const now = runtime.nodes.getCredentials(id);
      const then = plain[id];
      if (isDeepStrictEqual(now ?? {}, then ?? {})) {
        return node;
      }
      all[id] = then ?? {};
      return runtime.nodes.getType(node.type) ? { ...node, credentials: {} } : node;
    });
    return { flows: marked, credentials: all };
  };

  /**
   * @param {number} sequence
   * @param {RollbackWanted} wanted
   * @returns {Promise<RollbackOutcome>}
   */
  return async function rollback(sequence, { user, request, message, rev, acceptMissing = false }) {
    await checkProject(sequence);
    const state = await core.historyState(sequence);
    const flows = withoutCredentials(/** @type {FlowNode[]} */ (JSON.parse(state.flows)));
    const missing = missingTypes(flows, runtime.nodes.getType);
    if (missing.length > 0 && !acceptMissing) {
      return { done: false, missing };
    }
    const plain = plainCredentials(state.credentials, state.secret);
    const set = plain ? withCredentials(flows, plain) : { flows };
    const api = nodeRed.flowsApi();
    if (!api) {
      throw new Error("the editor's API of Node-RED is not loaded");
    }
    const deployed = await notes.rollingBack({ to: sequence, message }, () =>
      api.setFlows({
        user,
        req: request,
        deploymentType: 'nodes',
        flows: rev === undefined ? set : { ...set, rev }
      })
    );
    return {
      done: true,
      rev: deployed.rev,
      missing,
      credentials: plain ? 'restored' : 'kept',
      away: core.standing()?.away ?? null
    };
  };
}

module.exports = { createRollback };
