'use strict';

/**
 * Waits until GET `/answer` gives the wanted text; returns how many ms it took.
 *
 * Asks anew every 20 ms without waiting for earlier answers: a request that is on a node while
 * that node is restarted is lost by Node-RED itself, and its deadline would be measured instead.
 */
function untilConverged(instance, wanted, deadline) {
  const begin = performance.now();
  let last = 'no answer';
  return new Promise((resolve, reject) => {
    const ask = async () => {
      try {
        last = (await instance.http('/answer', { deadline: 1000 })).text;
      } catch (error) {
        last = error.message;
      }
      if (last === wanted) {
        clearInterval(timer);
        resolve(performance.now() - begin);
      } else if (performance.now() - begin > deadline) {
        clearInterval(timer);
        reject(new Error(`'${last}' in place of '${wanted}' after ${deadline} ms; the log ends:\n${instance.tail()}`));
      }
    };
    const timer = setInterval(() => void ask(), 20);
    void ask();
  });
}

module.exports = { untilConverged };
