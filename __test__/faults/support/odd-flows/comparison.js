'use strict';

// A plain Node-RED, an admin and a worker are given the same odd flows; what differs is told.

const { PREFIX, loginOf, startGuardedServer } = require('../users.js');
const { startInstance } = require('../../../e2e/support/admin-and-workers.js');
const { startNodeRed } = require('../../../support/node-red.js');
const { until } = require('../../../support/wait.js');
const { Subject } = require('./subject.js');

const REFUSED = /Node-RED can't run (these flows|the flows on this disk).*/;
/** See `nodes/running.js`. */
const SPOILT = /^every object has '/;
/** Keys that Node-RED's copies treat each in their own way: refusing them is no fault of ours. */
const STRANGE_KEY = /"(__proto__|toString|hasOwnProperty|valueOf|constructor)":/;
/** A type is a text, see docs/operations.md. */
const hasListAsType = (flows) => flows.some((node) => Array.isArray(node?.type));

/**
 * @param {object[]} base flows that all of them run before and after each case
 */
async function startTrio(base) {
  const server = await startGuardedServer();
  const client = server.client();
  const start = (role) =>
    new Subject({ user: loginOf(role), ...(role === 'admin' ? { flows: base } : {}) }, (options) =>
      startInstance(role, server, options)
    ).start();
  const started = [];
  const stop = async () => {
    await Promise.all(started.map((subject) => subject.stop()));
    await server.stop();
  };
  const keep = async (starting) => {
    // Whoever is left running keeps the test from its end.
    const subject = await starting.catch((error) => stop().then(() => Promise.reject(error)));
    started.push(subject);
    return subject;
  };
  const plain = await keep(new Subject({ flows: base }, startNodeRed).start());
  const admin = await keep(start('admin'));
  const worker = await keep(start('worker'));

  const sequence = async () => JSON.parse(await client.get(`${PREFIX}revision`)).sequence;

  /** Waits until the worker runs this revision, or has refused it. */
  async function settled(revision) {
    const refused = new RegExp(`revision ${revision} (is not applied|could not be applied)`);
    await until(async () => refused.test(worker.instance.logs) || (await worker.look()).revision === String(revision), {
      deadline: 5000,
      interval: 5,
      message: `the worker to have revision ${revision}`
    });
  }

  /**
   * What the worker makes of a change that the admin makes with `change()`. A load is mirrored after
   * its answer: then `text` is what Valkey holds at last.
   */
  async function follow(change, text) {
    const before = await sequence();
    const from = worker.instance.mark();
    const fromAdmin = admin.instance.mark();
    const done = await change();
    if (text && done.answer?.status < 300 && !REFUSED.test(admin.instance.logs.slice(fromAdmin))) {
      await until(async () => (await client.get(`${PREFIX}flows`)) === text, { deadline: 2000, interval: 5 }).catch(
        () => {}
      );
    }
    const now = await sequence();
    if (now !== before) {
      await settled(now).catch(() => {});
    }
    const health = await worker.health();
    const lines = health === 'lives' ? await worker.runs() : [];
    const log = worker.instance.logs.slice(from);
    return { done, mirrored: now !== before, health, lines, log };
  }

  const baseline = (await plain.load(base)).lines;
  const isBase = ({ lines }) => lines.join() === baseline.join();

  /**
   * Everything runs the base again; whoever can't be brought to it starts afresh. A worker must come to it by an
   * update, where plain Node-RED comes to it by a deploy of that kind (`comesBack`).
   */
  async function reset(comesBack) {
    for (const subject of [plain, admin]) {
      const isUp = (await subject.health()) === 'lives';
      if (!isUp || !isBase(await subject.load(base))) {
        await subject.startAfresh(base);
      }
    }
    const text = JSON.stringify(base);
    await until(async () => (await client.get(`${PREFIX}flows`)) === text, {
      deadline: 5000,
      message: 'the base in Valkey'
    });
    await settled(await sequence()).catch(() => worker.startAfresh());
    if (!comesBack && !isBase({ lines: await worker.runs() })) {
      await worker.startAfresh();
    }
    await until(async () => isBase({ lines: await worker.runs() }), {
      deadline: 10_000,
      message: 'the base on the worker'
    });
  }

  /**
   * What a plain Node-RED makes of flows, in each way; it runs the base after it. `comesBack`: a deploy of modified
   * nodes is enough for that, which it is not where something has failed to start: it is modified no more.
   */
  async function truth(flows) {
    const found = { comesBack: true };
    for (const [way, act] of [
      ['nodes', () => plain.deploy(flows, 'nodes')],
      ['full', () => plain.deploy(flows, 'full')],
      ['load', () => plain.load(flows)]
    ]) {
      found[way] = await act();
      const isBack = async (bring) => {
        const back = (await plain.health()) === 'lives' && (await bring());
        return back && back.health === 'lives' && isBase(back);
      };
      if (await isBack(() => plain.deploy(base, 'nodes'))) {
        continue;
      }
      found.comesBack = false;
      if (!(await isBack(() => plain.load(base)))) {
        await plain.startAfresh(base);
      }
    }
    return found;
  }

  const isMissingTypes = (log) => /Waiting for missing types|waits for node types/.test(log);

  /** What of a case is not as it should be: texts. */
  async function differences(flows) {
    const told = [];
    const is = (what, found, ...wanted) => {
      if (!wanted.some((value) => JSON.stringify(value) === JSON.stringify(found))) {
        const list = (value) =>
          Array.isArray(value) ? value.filter((line) => !found.includes(line)).slice(0, 4) : value;
        const more = Array.isArray(found) ? found.filter((line) => !wanted[0].includes(line)).slice(0, 4) : found;
        told.push(`${what}: ${JSON.stringify(more)}, not ${JSON.stringify(wanted.map(list))}`);
      }
    };
    const plainly = await truth(flows);
    // What runs while every object has something that it should not is no flow that anybody can run.
    const isSpoilt = [plainly.full, plainly.load].some(({ lines }) => lines?.some((line) => SPOILT.test(line)));
    const isExcused = isSpoilt || STRANGE_KEY.test(JSON.stringify(flows)) || hasListAsType(flows);
    const runs = ({ health, lines, answer }) => health === 'lives' && answer.status < 300 && lines.length > 0;

    for (const way of ['full', 'load']) {
      const wanted = plainly[way];
      const from = admin.instance.mark();
      const followed = await (way === 'full'
        ? follow(() => admin.deploy(flows))
        : follow(() => admin.load(flows), JSON.stringify(flows)));
      const { done } = followed;
      const adminLog = admin.instance.logs.slice(from);
      const isRefused = REFUSED.test(adminLog);
      if (isRefused) {
        if (runs(wanted) && !isExcused) {
          told.push(`${way}: the admin refuses what Node-RED runs: ${REFUSED.exec(adminLog)[0]}`);
        }
        if (way === 'full') {
          is(`${way}: the admin that has refused`, done.health, 'lives');
          is(`${way}: what it runs`, done.lines, baseline);
        }
        is(`${way}: mirrored though refused`, followed.mirrored, false);
      } else {
        is(`${way}: the admin's answer`, done.answer?.status, wanted.answer?.status);
        is(`${way}: the admin`, done.health, wanted.health);
        is(`${way}: what the admin runs`, done.lines, wanted.lines);
      }
      is(`${way}: the worker`, followed.health, 'lives');
      if (followed.health === 'lives') {
        const isHeld = isMissingTypes(followed.log);
        if (followed.mirrored && !isRefused && wanted.health === 'lives' && wanted.answer.status < 300 && !isHeld) {
          is(
            `${way}: what the worker runs`,
            followed.lines,
            plainly[way].lines,
            plainly.nodes.lines,
            plainly.full.lines
          );
          const loaded = await worker.load();
          is(`${way}: the worker's load`, loaded.health, plainly.load.health);
          is(`${way}: what it runs then`, loaded.lines, plainly.load.lines);
        } else if (!isHeld) {
          is(`${way}: what the worker goes on with`, followed.lines, baseline);
        }
        if (/could not be applied/.test(followed.log)) {
          told.push(`${way}: ${/revision .*could not be applied.*/.exec(followed.log)[0]}`);
        }
      }
      await reset(plainly.comesBack);
    }
    return told;
  }

  return {
    differences,
    baseline,
    members: { plain, admin, worker },
    stop
  };
}

module.exports = { startTrio };
