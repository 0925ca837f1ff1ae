'use strict';

/**
 * What is on the admin's disk, as one pair of texts, and how it goes to Valkey. `beforeSend` is
 * called first; `onEqual` when Valkey has it.
 */
function createMirror({ core, files, secrets, log, beforeSend, onEqual }) {
  let onDisk = { flows: null, credentials: null, project: undefined };

  const projectName = () => {
    const project = files.activeProject();
    return project ? project.name : undefined;
  };

  const send = async (secret) => {
    beforeSend();
    const { done, away, unconfirmed } = await core().deploy(onDisk.flows, onDisk.credentials, secret, projectName());
    if (done) {
      await onEqual();
    }
    if (unconfirmed) {
      log.warn(`saved on disk and mirrored, but a failover of Valkey may lose it there until it is mirrored again: ${unconfirmed} (option 'waitReplicas')`);
    }
    if (away) {
      log.warn(`saved on disk; workers are not updated yet, because Valkey does not answer (${away}). It is mirrored as soon as Valkey is back`);
    }
  };

  /** Everything but a deploy: the disk has it, so a caller is told nothing of Valkey's troubles. */
  const quietly = async (task) => {
    try {
      await task();
    } catch (error) {
      log.warn(`saved on disk, but not mirrored: ${error.message}`);
    }
  };

  return {
    quietly,
    send,

    /** Texts of what was read or written last; null as long as nothing was. */
    onDisk: () => onDisk,

    /** One or both have been written. */
    wrote(texts) {
      onDisk = { ...onDisk, ...texts, project: projectName() };
    },

    /** A pair has been read. Flows that may not be mirrored must not go with later credentials either. */
    read(pair) {
      const isReadable = secrets.opens(pair.credentials);
      if (pair.mirror && !isReadable) {
        log.error('the credentials on this disk can not be decrypted: they and the flows are not mirrored; workers keep what they run');
      }
      const flows = pair.mirror && isReadable ? JSON.stringify(pair.flows) : null;
      onDisk = { flows, credentials: JSON.stringify(pair.credentials), project: projectName() };
      if (flows !== null) {
        void quietly(() => send(secrets.toShare()));
      }
    }
  };
}

module.exports = { createMirror };
