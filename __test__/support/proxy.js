'use strict';

const net = require('node:net');

/**
 * A TCP proxy that can fail as networks do.
 *
 * - `drop()` cuts what is open; new connections pass.
 * - `cut()` cuts what is open and every new connection, until `resume()`.
 * - `blackhole()` lets nothing through in either direction and closes nothing, until `resume()`;
 *   what was on its way arrives then, as it does with TCP.
 *
 * @param {{port: number, host?: string}} target
 */
async function startProxy({ port, host = '127.0.0.1' }) {
  const pairs = new Set();
  let state = 'open';

  const destroy = () => {
    for (const pair of pairs) {
      pair.near.destroy();
      pair.far?.destroy();
    }
    pairs.clear();
  };

  const join = (pair) => {
    pair.far = net.connect({ port, host, noDelay: true });
    pair.far.on('error', () => {});
    const end = () => {
      pair.near.destroy();
      pair.far.destroy();
      pairs.delete(pair);
    };
    pair.near.once('close', end);
    pair.far.once('close', end);
    pair.near.pipe(pair.far).pipe(pair.near);
  };

  const hold = ({ near, far }) => {
    for (const [from, to] of far
      ? [
          [near, far],
          [far, near]
        ]
      : []) {
      from.unpipe(to);
      from.pause();
    }
  };

  const listener = net.createServer({ pauseOnConnect: true, noDelay: true }, (near) => {
    near.on('error', () => {});
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const pair = { near };
    pairs.add(pair);
    near.once('close', () => pairs.delete(pair));
    if (state === 'open') {
      join(pair);
    }
  });

  await new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  listener.unref();

  return {
    host: '127.0.0.1',
    port: listener.address().port,
    get connections() {
      return pairs.size;
    },
    drop: destroy,
    cut() {
      state = 'cut';
      destroy();
    },
    blackhole() {
      state = 'blackhole';
      pairs.forEach(hold);
    },
    resume() {
      const held = state === 'blackhole' ? pairs : [];
      state = 'open';
      for (const pair of held) {
        if (pair.far) {
          pair.near.pipe(pair.far).pipe(pair.near);
        } else {
          join(pair);
        }
      }
    },
    async close() {
      destroy();
      await new Promise((resolve) => listener.close(resolve));
    }
  };
}

module.exports = { startProxy };
