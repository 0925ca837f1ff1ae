'use strict';

const { nameOf, tabsOf } = require('./place');
const { placementOf } = require('./value');

/**
 * @import { Log, ReportingInstance } from '../types/core'
 * @import { FlowNode, Runtime } from '../types/node-red'
 */

/** How a worker's probe begins what keeps it from running tabs once. */
const UNABLE = 'tabs that run once: ';

/** Between two looks at the others, in ms. */
const PAUSE = 5000;

/**
 * What is wrong with where tabs run, as far as others have to do with it: labels that no worker has, workers that can hold
 * no tab, and options of theirs that differ. Where no worker is known nothing is said.
 *
 * @param {FlowNode[]} flows
 * @param {ReportingInstance[]} instances
 */
function wrongElsewhere(flows, instances) {
  const workers = instances.filter(({ role, state }) => role === 'worker' && state !== 'lost');
  if (workers.length === 0) {
    return [];
  }
  /** @type {string[]} */
  const wrong = [];
  let hasOnce = false;
  for (const [id, tab] of tabsOf(flows)) {
    const placement = tab.disabled ? undefined : placementOf(tab);
    if (!placement || 'fault' in placement) {
      continue;
    }
    hasOnce ||= placement.kind === 'once';
    const { labels } = placement;
    if (labels.length > 0 && !workers.some((worker) => labels.some((label) => worker.labels.includes(label)))) {
      const named = labels.map((label) => `'${label}'`).join(' or ');
      wrong.push(`tab '${nameOf(tab, id)}' runs nowhere: no worker has the label ${named}`);
    }
  }
  for (const { name, notes } of hasOnce ? workers : []) {
    const note = notes.find((text) => text.startsWith(UNABLE));
    if (note) {
      wrong.push(`worker '${name}' can't run tabs once: ${note.slice(UNABLE.length)}`);
    }
  }
  return hasOnce ? [...wrong, ...differing(workers)] : wrong;
}

/**
 * Workers with another lease, or another way when the server is away, than the first.
 *
 * @param {ReportingInstance[]} workers
 */
function differing([first, ...others]) {
  /** @type {string[]} */
  const wrong = [];
  for (const [option, key] of /** @type {const} */ ([
    ['onceLease', 'lease'],
    ['onceWhenAway', 'whenAway']
  ])) {
    const own = first.once?.[key];
    const other = others.find(({ once }) => own !== undefined && once && once[key] !== own);
    if (other) {
      wrong.push(
        `'${option}' is ${own} on worker '${first.name}' and ${other.once?.[key]} on '${other.name}': set it to the same on all, or a tab that runs once may run twice around a failover`
      );
    }
  }
  return wrong;
}

/**
 * Whether flows have a tab that others have to do with.
 *
 * @param {FlowNode[]} flows
 */
function concernsOthers(flows) {
  return [...tabsOf(flows).values()].some((tab) => {
    const placement = placementOf(tab);
    return !('fault' in placement) && (placement.kind === 'once' || placement.kind === 'label');
  });
}

/**
 * Looks, on an admin, at what instances report, and tells what is wrong once it was so for two looks: while workers are
 * started one after the other, some labels are missing for a moment.
 *
 * @param {object} params
 * @param {Pick<Runtime['nodes'], 'getFlows'>} params.nodes
 * @param {() => Promise<ReportingInstance[]>} params.read
 * @param {(wrong: string[]) => void} params.tell
 * @param {Pick<Log, 'debug'>} params.log
 * @param {number} [params.pause] ms
 */
function watchOthers({ nodes, read, tell, log, pause = PAUSE }) {
  /** @type {Set<string>} */
  let before = new Set();
  let isReading = false;

  async function look() {
    const flows = nodes.getFlows()?.flows || [];
    if (!concernsOthers(flows)) {
      before = new Set();
      tell([]);
      return;
    }
    const wrong = wrongElsewhere(flows, await read());
    tell(wrong.filter((text) => before.has(text)));
    before = new Set(wrong);
  }

  const timer = setInterval(() => {
    if (!isReading) {
      isReading = true;
      look()
        // The server is away, or its user may not read this: what was told stays as it is.
        .catch((error) => log.debug(`where tabs run elsewhere is not known: ${error.message}`))
        .finally(() => {
          isReading = false;
        });
    }
  }, pause);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

module.exports = { UNABLE, watchOthers, wrongElsewhere };
