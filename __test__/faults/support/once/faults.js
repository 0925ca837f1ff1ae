'use strict';

// What makes a tab change its owner. Each says how long it may stand still at most, in ms, and resolves when everything is
// reachable again.

const { until } = require('../../../support/wait.js');
const { count, FULL } = require('../counts.js');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** From the end of a lease until another worker has started the tab. */
const AFTER_A_LEASE = 1000;
/** From when the owner has begun to end until another worker has started the tab. */
const HANDED_OVER = 300;
/** How often the longest block is tried, of a Function node that spins for 30 s. */
let longBlocks = FULL ? count(0, 3) : 0;

/** @type {Record<string, (cluster: any, owner: any, lease: number, random: any) => Promise<{ most: number }>>} */
const FAULTS = {
  async 'its owner is closed'(cluster, owner) {
    await cluster.leave(owner);
    await owner.instance.stop();
    return { most: HANDED_OVER };
  },

  async 'its owner is killed'(cluster, owner, lease) {
    await cluster.leave(owner);
    owner.instance.kill();
    return { most: lease + AFTER_A_LEASE };
  },

  async 'its owner is frozen for longer than the lease'(cluster, owner, lease, random) {
    owner.instance.pause();
    await pause(lease * 1.5 + random.whole(0, 1000));
    owner.instance.resume();
    return { most: lease + AFTER_A_LEASE };
  },

  async 'its owner is cut off'(cluster, owner, lease, random) {
    owner.proxy.blackhole();
    await pause(lease * 1.5 + random.whole(0, 1000));
    owner.proxy.resume();
    return { most: lease + AFTER_A_LEASE };
  },

  async 'the server is killed, and comes back empty'(cluster, owner, lease, random) {
    const begin = performance.now();
    await cluster.server.kill('SIGKILL');
    await pause(lease * 1.2 + random.whole(0, 1000));
    await cluster.server.restart({ empty: true });
    return { most: performance.now() - begin + lease + AFTER_A_LEASE };
  },

  // That alone changes nothing; who ends then leaves nothing behind that tells of it.
  async 'the server is emptied, and its owner is closed'(cluster, owner, lease, random) {
    await cluster.client.flushall();
    await pause(random.whole(0, lease));
    await cluster.leave(owner);
    await owner.instance.stop();
    return { most: lease + AFTER_A_LEASE };
  },

  async 'its event loop is blocked'(cluster, owner, lease) {
    const ms = longBlocks > 0 ? 30_000 : lease * 2.5;
    longBlocks -= 1;
    const { status } = await owner.instance.http(`/spin?ms=${ms}`, { deadline: ms + 30_000 });
    if (status !== 200) {
      throw new Error(`the Function node answered ${status}`);
    }
    return { most: lease + AFTER_A_LEASE };
  }
};

/** Waits until an emptied server has flows again. */
async function untilMirrored({ client }) {
  await until(async () => (await client.exists('nodered:flows')) === 1, { deadline: 20_000, message: 'flows' });
}

module.exports = { FAULTS, HANDED_OVER, untilMirrored };
