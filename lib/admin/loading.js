'use strict';

const path = require('path');

const { backupOf, inspect, isFlows, isObject } = require('./disk-files');

/**
 * Loads flows and credentials from disk as one pair, and sees to it that a file that is missing
 * or broken is neither run as an empty deploy nor mirrored as one: it is restored from Valkey,
 * or from Node-RED's own backup.
 */
function createLoading({ local, files, log }) {
  /** Whether what Valkey holds belongs to the Project (or to no Project) that is loaded. */
  const belongs = (stored, fromAnyProject) => {
    const project = files.activeProject();
    return project ? stored.project === project.name : fromAnyProject || !stored.project;
  };

  const restoreFlows = async (problem, file, stored) => {
    if (stored) {
      await local.saveCredentials(JSON.parse(stored.credentials));
      await local.saveFlows(JSON.parse(stored.flows));
      const say = problem.state === 'missing' ? 'warn' : 'error';
      log[say](`${path.basename(file)} ${problem.detail}: flows and credentials were restored from Valkey (revision ${stored.revision})`);
      return true;
    }
    if (problem.state === 'missing') {
      return false;
    }
    const backup = await inspect(backupOf(file), isFlows);
    if (backup.state === 'ok') {
      await local.saveFlows(backup.value);
      log.error(`${path.basename(file)} ${problem.detail}: restored from Node-RED's backup, which is one deploy older`);
      return true;
    }
    log.error(`${path.basename(file)} ${problem.detail} and there is nothing to restore it from: starting without flows, nothing is mirrored`);
    return false;
  };

  const restoreCredentials = async (problem, file, stored) => {
    const name = path.basename(file);
    if (stored && stored.credentials !== '{}') {
      await local.saveCredentials(JSON.parse(stored.credentials));
      log.error(`${name} ${problem.detail}: credentials were restored from Valkey (revision ${stored.revision})`);
      return true;
    }
    if (problem.state === 'missing') {
      return false; // Node-RED writes the file only once there are credentials.
    }
    const backup = await inspect(backupOf(file), isObject);
    if (backup.state === 'ok') {
      await local.saveCredentials(backup.value);
      log.error(`${name} ${problem.detail}: restored from Node-RED's backup, which is one deploy older`);
      return true;
    }
    log.error(`${name} ${problem.detail} and there is nothing to restore it from: starting without credentials, nothing is mirrored`);
    return false;
  };

  /** Local storage's answer, or the restored value when the disk would not take it. */
  const tolerant = async (restore) => {
    try {
      return await restore();
    } catch (error) {
      log.error(`restoring failed: ${error.message}`);
      return false;
    }
  };

  /** The disk has no flows that can be run. */
  const loadWithoutFlows = async ({ problem, paths, answer }) => {
    const stored = answer.stored && belongs(answer.stored, problem.state === 'missing') ? answer.stored : null;
    await loadProject();
    const restored = await tolerant(() => restoreFlows(problem, paths.flows, stored));
    if (!restored && stored) {
      // The disk takes nothing: run what Valkey has, which is what the disk held.
      log.error(`running what Valkey holds (revision ${stored.revision}); the disk needs mending`);
      await local.getFlows();
      return {
        flows: JSON.parse(stored.flows),
        credentials: JSON.parse(stored.credentials),
        mirror: false,
        lost: null
      };
    }
    const pair = { flows: await local.getFlows(), credentials: await local.getCredentials() };
    const usable = Boolean(restored);
    return { ...pair, mirror: usable && !answer.away, lost: answer.away ? { flows: true, usable } : null };
  };

  /** The flows are there, the credentials that belong to them are not. */
  const loadWithoutCredentials = async ({ problem, paths, answer }) => {
    const stored = answer.stored && belongs(answer.stored, false) ? answer.stored : null;
    await loadProject();
    const restored = await tolerant(() => restoreCredentials(problem, paths.credentials, stored));
    const usable = restored || problem.state === 'missing';
    const pair = { flows: await local.getFlows(), credentials: await local.getCredentials() };
    return { ...pair, mirror: usable && !answer.away, lost: answer.away ? { flows: false, usable } : null };
  };

  /** Local storage can't save to a Project that it has not loaded, and loads it with its flows. */
  const loadProject = async () => {
    const project = files.activeProject();
    if (project && project.loaded === false) {
      await local.getFlows();
    }
  };

  return {
    belongs: (stored) => belongs(stored, false),

    /**
     * `{ flows, credentials, mirror, lost }`: the pair to run; whether it may be mirrored; and, when
     * Valkey could not be asked although it should have been, whether the flows were lost or only
     * the credentials, and whether the pair is usable all the same (`{ flows, usable }`).
     * `fetchStored()` gives what Valkey holds (null: nothing) and rejects when it is away.
     */
    async load({ fetchStored, first }) {
      const paths = await files.current();
      if (paths) {
        const flows = await inspect(paths.flows, isFlows);
        const credentials = await inspect(paths.credentials, isObject);
        // A Project that is switched to may well have no flow file yet; that is no loss.
        const lost = flows.state !== 'ok' && (flows.state !== 'missing' || first || !files.activeProject());
        if (lost) {
          return loadWithoutFlows({ problem: flows, paths, answer: await ask(fetchStored) });
        }
        if (flows.state === 'ok' && credentials.state !== 'ok') {
          return loadWithoutCredentials({ problem: credentials, paths, answer: await ask(fetchStored) });
        }
      }
      const pair = { flows: await local.getFlows(), credentials: await local.getCredentials() };
      const now = paths || (await files.current());
      const mirror = now !== null && (await inspect(now.flows, isFlows)).state === 'ok';
      return { ...pair, mirror, lost: null };
    }
  };
}

async function ask(fetchStored) {
  try {
    return { stored: await fetchStored(), away: false };
  } catch {
    return { stored: null, away: true };
  }
}

module.exports = { createLoading };
