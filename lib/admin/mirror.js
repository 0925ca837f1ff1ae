'use strict';

const { isEncrypted } = require('../flows/credentials');

/**
 * @import { Mirroring, PreparedFlows } from '../../binding'
 * @import { AdminCore, Log } from '../types/core'
 * @import { FlowNode } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 * @import { Pair } from './loading'
 * @import { Notices } from './notices'
 * @import { Secrets } from './secrets'
 */

/** @typedef {ReturnType<typeof createMirror>} Mirror */

/**
 * Flows as JSON text, or held by the core.
 *
 * @typedef {string | PreparedFlows} Prepared
 */

/** @param {Prepared | null} flows that nobody needs any more */
function release(flows) {
  if (flows !== null && typeof flows !== 'string') {
    flows.release();
  }
}

/**
 * What is on the admin's disk, as one pair, and how it goes to Valkey. `beforeSend` is
 * called first, with the secret; `onEqual` when Valkey has it.
 *
 * @param {object} params
 * @param {AdminCore} params.core
 * @param {Pick<DiskFiles, 'activeProject'>} params.files
 * @param {Secrets} params.secrets
 * @param {Pick<Notices, 'show'>} params.notices
 * @param {Log} params.log
 * @param {(secret: string | undefined) => void} params.beforeSend
 * @param {() => Promise<void>} params.onEqual
 */
function createMirror({ core, files, secrets, notices, log, beforeSend, onEqual }) {
  /** @type {{ flows: Prepared | null, credentials: string | null, project: string | undefined }} */
  let onDisk = { flows: null, credentials: null, project: undefined };
  /** @type {string | undefined} */
  let sent; // the secret that went with it

  /** @param {typeof onDisk} next */
  const note = (next) => {
    if (next.flows !== onDisk.flows) {
      release(onDisk.flows);
    }
    onDisk = next;
  };

  const projectName = () => {
    const project = files.activeProject();
    return project ? project.name : undefined;
  };

  /** @param {Mirroring} mirroring */
  const report = async ({ done, away, unconfirmed }) => {
    if (done) {
      await onEqual();
    }
    if (unconfirmed) {
      log.warn(
        `saved on disk and mirrored, but a failover of Valkey may lose it there until it is mirrored again: ${unconfirmed} (option 'waitReplicas')`
      );
    }
    if (away) {
      log.warn(
        `saved on disk; workers are not updated yet, because Valkey did not take it: ${away}. It is mirrored as soon as Valkey does`
      );
    }
  };

  /**
   * @param {string | undefined} secret
   * @returns {Parameters<AdminCore['mirrorDeploy']>}
   */
  const pair = (secret) => {
    sent = secret;
    beforeSend(secret);
    // Nothing is sent before both are known.
    const { flows, credentials } = /** @type {{ flows: Prepared, credentials: string }} */ (onDisk);
    return [flows, credentials, secret, projectName()];
  };
  /** @param {string | undefined} secret */
  const send = async (secret) => report(await core.mirrorDeploy(...pair(secret)));
  /**
   * The next start mirrors what is on the disk, so a process that has nothing else to do may end.
   *
   * @param {string | undefined} secret
   */
  const sendInBackground = async (secret) => report(await core.background.mirrorDeploy(...pair(secret)));

  /**
   * Everything but a deploy: the disk has it, so a caller is told nothing of Valkey's troubles.
   *
   * @param {() => Promise<unknown>} task
   */
  const quietly = async (task) => {
    try {
      await task();
    } catch (error) {
      log.warn(`saved on disk, but not mirrored: ${error.message}`);
    }
  };

  return {
    quietly,
    /** Somebody waits for it. */
    send,
    sendInBackground,

    /** What was read or written last; null as long as nothing was. */
    onDisk: () => onDisk,

    /**
     * Node-RED has the secret that it will encrypt with: known to workers before there is anything
     * to decrypt, because those of earlier modules read it once, at their start. Without flows it goes
     * alone. What is encrypted already goes with its own secret.
     *
     * @param {string | undefined} secret
     */
    mirrorNewSecret(secret) {
      const { flows, credentials } = onDisk;
      if (secret === undefined || secret === sent) {
        return;
      }
      if (flows === null) {
        sent = secret;
        beforeSend(secret);
        void quietly(() => core.background.mirrorSecret(secret));
      } else if (credentials !== null && !isEncrypted(JSON.parse(credentials))) {
        void quietly(() => sendInBackground(secret));
      }
    },

    /**
     * Takes flows that are being written, to be noted when they are. Never rejects: no deploy fails of it.
     *
     * @param {string} text of them, with indentation or without
     * @param {FlowNode[]} flows
     * @returns {Promise<Prepared>}
     */
    async prepare(text, flows) {
      try {
        return await core.prepareFlows(text);
      } catch {
        return JSON.stringify(flows);
      }
    },

    /**
     * One or both have been written.
     *
     * @param {{ flows?: Prepared, credentials?: string }} written
     */
    noteWritten(written) {
      note({ ...onDisk, ...written, project: projectName() });
    },

    /**
     * A pair has been read. Flows that may not be mirrored must not go with later credentials either.
     *
     * @param {Pick<Pair, 'flows' | 'credentials' | 'mirror'>} loaded
     */
    mirrorLoaded(loaded) {
      const isReadable = secrets.opens(loaded.credentials);
      if (loaded.mirror && !isReadable) {
        log.error(
          'the credentials on this disk can not be decrypted: they and the flows are not mirrored; workers keep what they run'
        );
        notices.show(
          'held',
          'The credentials on this disk can not be decrypted: neither they nor the flows are mirrored, and workers keep what they run, until it is deployed again.'
        );
      }
      const flows = loaded.mirror && isReadable ? JSON.stringify(loaded.flows) : null;
      note({ flows, credentials: JSON.stringify(loaded.credentials), project: projectName() });
      if (flows !== null) {
        void quietly(() => sendInBackground(secrets.toShare()));
      }
    }
  };
}

module.exports = { createMirror, release };
