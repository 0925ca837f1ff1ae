'use strict';

// What can happen to a cluster. Each fault is over when its promise resolves: then everything is
// reachable again.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills one of a member's connections at the server. */
async function killConnection({ observer }, member, random) {
  const list = String(await observer.client('LIST'))
    .split('\n')
    .filter((line) => line.includes(`name=${member.name} `));
  if (list.length > 0) {
    await observer.client('KILL', 'ID', /id=(\d+)/.exec(random.of(list))[1]);
  }
}

const FAULTS = {
  'one connection is killed': (cluster, random) => killConnection(cluster, random.of(cluster.members), random),

  async 'all connections of all are killed'({ observer, members }) {
    for (const { role } of members) {
      await observer.client('KILL', 'USER', role);
    }
  },

  async 'the server is stopped and goes on'({ server }, random) {
    server.pause();
    await pause(random.of([20, 100, 500, 1500]));
    server.resume();
  },

  async 'the server hangs until it is given up'({ server }, random) {
    server.pause();
    await pause(random.whole(5500, 7000));
    server.resume();
  },

  async 'the server is killed and comes back with its data'({ server }, random) {
    await server.kill('SIGKILL');
    await pause(random.whole(0, 400));
    await server.restart();
  },

  async 'the server is killed and comes back empty'({ server }, random) {
    await server.kill('SIGKILL');
    await pause(random.whole(0, 400));
    await server.restart({ empty: true });
  },

  'one is cut off for a moment': async ({ members }, random) => {
    random.of(members).proxy.drop();
  },

  async 'one is cut off'({ members }, random) {
    const { proxy } = random.of(members);
    proxy.cut();
    await pause(random.whole(10, 800));
    proxy.resume();
  },

  async 'what one sends and gets is delayed'({ members }, random) {
    const { proxy } = random.of(members);
    proxy.blackhole();
    await pause(random.of([5, 50, 300, 1500]));
    proxy.resume();
  },

  async 'what one sends and gets is delayed and then lost'({ members }, random) {
    const { proxy } = random.of(members);
    proxy.blackhole();
    await pause(random.whole(50, 800));
    proxy.drop();
    proxy.resume();
  },

  // Nobody's connection is lost: the admin looks at its record every 3 s.
  async 'all keys are deleted'({ observer }) {
    await observer.flushall();
    return 5000;
  }
};

/** Rare ones take long: their share of the choices. */
const LONG = 'the server hangs until it is given up';
const NAMES = Object.keys(FAULTS).filter((name) => name !== LONG);

/** Does one at random; resolves with its name, and with the ms to converge when it is not 2000. */
async function inflict(cluster, random) {
  const name = random.whole(1, 40) === 1 ? LONG : random.of(NAMES);
  const within = await FAULTS[name](cluster, random);
  return { name, within };
}

module.exports = { FAULTS, inflict, pause };
