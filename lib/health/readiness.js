'use strict';

const { UNABLE } = require('../placement/elsewhere');

/**
 * @import { AdminHealth, ContextHealth, Role, WorkerHealth } from '../../binding'
 * @import { OpenedStore } from '../context/handover'
 * @import { PackageState, PlacementState } from '../types/core'
 */

/** Names of types and packages that are listed; there may be hundreds. */
const LISTED = 20;

/** The most of a reason, in characters: it may hold what the code of a package has thrown. */
const LONGEST_REASON = 200;

/**
 * Whether Node-RED's flows run: a state of the flows watch, and what is missing for another.
 *
 * @typedef {{ state: string, missing: string[] }} FlowsState
 */

/**
 * What a part adds to the answer; `missing` is what keeps the instance from being ready.
 *
 * @template Health
 * @typedef {{ core: Health | null, flows: FlowsState, missing: string[], notes: string[] }} Part
 */

/** @param {string[]} names */
const list = (names) => {
  const shown = names.slice(0, LISTED).join(', ');
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
};

/** @param {number} ms */
const seconds = (ms) => Math.floor(ms / 1000);

/**
 * The state of a connection, with the reason why there is none.
 *
 * @param {{ connection: string, reason?: string }} core
 */
const connectionAsWords = ({ connection, reason }) => `connection: ${connection}${reason ? ` (${reason})` : ''}`;

/** @param {FlowsState} flows */
function flowsAsWords({ state, missing }) {
  return missing.length > 0 ? `${state} (${list(missing)})` : state;
}

/** @param {PackageState} packages */
const packagesAsWord = ({ inStep }) => (inStep === null ? 'unknown' : inStep ? 'in step' : 'not in step');

/** @param {PackageState} packages */
function packagesAsWords({ inStep, waiting }) {
  if (inStep === null) {
    return 'the list could not be read, what was installed before is loaded';
  }
  return waiting.length > 0 ? `not in step (${list(waiting)})` : 'not in step';
}

/** @param {PackageState['notLoaded'][number]} fault */
const faultAsWords = ({ name, reason }) => `${name} (${reason.slice(0, LONGEST_REASON)})`;

/**
 * The figures of each context store, by its name. Flows wait for one that is not loaded; one that is goes on while the
 * server is away.
 *
 * @param {Array<Omit<OpenedStore, 'loaded'>>} contexts
 * @param {string[]} missing
 * @param {string[]} notes
 */
function ofContexts(contexts, missing, notes) {
  /** @type {Record<string, ContextHealth | null>} */
  const figures = {};
  for (const { name, isLoaded, health } of contexts) {
    const state = health();
    figures[name] = state;
    if (!isLoaded()) {
      missing.push(`context '${name}': not read from Valkey yet, and no copy is on disk`);
    } else if (state && state.connection !== 'ready') {
      notes.push(`context '${name}': connection: ${state.connection}; ${state.unsent} changes are not sent yet`);
    } else if (state?.problem) {
      notes.push(`context '${name}': ${state.problem}`);
    }
  }
  return figures;
}

/**
 * Where tabs run, as far as it is told here: those that run on this instance alone, and what is wrong.
 *
 * @param {PlacementState} placement
 * @param {string[]} notes
 */
function ofPlacement({ runsNothing, tabs, faults, problem }, notes) {
  if (runsNothing) {
    notes.push("flows: none runs on this admin, as 'runFlows' says");
  }
  if (problem) {
    notes.push(`${UNABLE}${problem}`);
  }
  faults.slice(0, LISTED).forEach((fault) => notes.push(fault));
  if (faults.length > LISTED) {
    notes.push(`${faults.length - LISTED} more tabs have a wrong placement`);
  }
  return tabs.length > 0
    ? { tabs: tabs.map(({ id, name, fence, since }) => ({ id, name, fence, since: new Date(since).toISOString() })) }
    : {};
}

/**
 * Judges whether an instance is ready, from what its parts tell:
 *
 * - `core`: `health()` of the core; null when there is none (not open yet, or an admin with
 *   `readOnly`);
 * - `flows`: `state()` of the flows watch;
 * - `packages`: `{ inStep, waiting, notLoaded }`, where `waiting` are names of packages, `notLoaded` tells
 *   what is installed and could not be loaded, and `inStep` is null when nobody can say; undefined when packages are not synchronised;
 * - `contexts`: the context stores that are open;
 * - `placement`: where tabs run; undefined when nobody decides that.
 *
 * Node-RED looks for nodes, and so for flows, only after the first attempt to install packages has
 * ended or has had its time. So what runs after it has what it needs: a package that still does not
 * come is told, and takes nobody out of service.
 *
 * @param {{ role: Role, maxAge: number | null }} params
 */
function createReadiness({ role, maxAge }) {
  /** @param {Part<WorkerHealth>} part */
  const ofWorker = ({ core, flows, missing, notes }) => {
    /** @type {WorkerHealth} */
    const health = core || { connection: 'connecting', unheard: [] };
    if (flows.state !== 'running') {
      missing.push(`flows: ${flowsAsWords(flows)}`);
    } else if (flows.missing.length > 0) {
      notes.push(`flows: a change waits for node types (${list(flows.missing)}), the rest runs`);
    }
    const { revision, connection, copyAge, problem, unheard = [] } = health;
    const age = typeof copyAge === 'number' ? copyAge : null;
    const why = connection === 'ready' && problem ? problem : connectionAsWords(health);
    if (!revision) {
      missing.push('revision: none runs yet');
      if (connection !== 'ready') {
        missing.push(`${why}, and no copy is in use`);
      } else if (problem) {
        missing.push(problem);
      }
    } else if (age !== null) {
      const words = `${why}; what runs was seen in Valkey ${seconds(age)} s ago`;
      if (typeof maxAge === 'number' && age > maxAge * 1000) {
        missing.push(`${words}, more than 'maxAge' allows (${maxAge} s)`);
      } else {
        notes.push(words);
      }
    }
    if (unheard.length > 0) {
      notes.push(`announcements: nothing is heard on ${list(unheard)}, so that news come later`);
    }
    return { revision: revision || null, connection, copyAge: age === null ? null : seconds(age) };
  };

  /** @param {Part<AdminHealth>} part */
  const ofAdmin = ({ core, flows, missing, notes }) => {
    if (flows.state === 'loading') {
      missing.push('flows: loading');
    } else if (flows.state !== 'running' || flows.missing.length > 0) {
      // The editor is where this is mended.
      notes.push(`flows: ${flowsAsWords(flows)}`);
    }
    if (!core) {
      notes.push('nothing is mirrored to Valkey');
      return { revision: null, connection: 'none', mirrored: false };
    }
    if (core.otherAdmin) {
      missing.push('lease: another admin is active on this key prefix');
    } else if (!core.mirrored) {
      notes.push(`${connectionAsWords(core)}; Valkey was not seen to have what is on this disk`);
    }
    return { revision: core.revision || null, connection: core.connection, mirrored: core.mirrored };
  };

  /**
   * @param {object} seen
   * @param {AdminHealth | WorkerHealth | null} seen.core
   * @param {FlowsState} seen.flows
   * @param {PackageState} [seen.packages]
   * @param {Array<Omit<OpenedStore, 'loaded'>>} [seen.contexts]
   * @param {PlacementState} [seen.placement]
   */
  return ({ core, flows, packages, contexts = [], placement }) => {
    /** @type {string[]} */
    const missing = [];
    /** @type {string[]} */
    const notes = [];
    /** @type {Record<string, unknown>} */
    const parts =
      role === 'admin'
        ? ofAdmin({ core: /** @type {AdminHealth | null} */ (core), flows, missing, notes })
        : ofWorker({ core: /** @type {WorkerHealth | null} */ (core), flows, missing, notes });
    if (packages) {
      parts.packages = packagesAsWord(packages);
      if (!packages.inStep) {
        const where = flows.state === 'running' || role === 'admin' ? notes : missing;
        where.push(`packages: ${packagesAsWords(packages)}`);
      }
      if (packages.notLoaded.length > 0) {
        notes.push(`packages: installed but not loaded: ${list(packages.notLoaded.map(faultAsWords))}`);
      }
    }
    if (contexts.length > 0) {
      parts.context = ofContexts(contexts, missing, notes);
    }
    if (placement) {
      Object.assign(parts, ofPlacement(placement, notes));
    }
    return { ready: missing.length === 0, role, ...parts, flows: flows.state, missing, notes };
  };
}

module.exports = { createReadiness };
