'use strict';

const http = require('node:http');

/**
 * Asks for a path at a steady rate on kept-alive connections until `stop()`, which waits for the
 * last answers and resolves with `{ answers, failures }`: the texts, and what went wrong.
 */
function startSteadyLoad(instance, path, { perSecond = 200, deadline = 10_000 } = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const answers = [];
  const failures = [];
  const open = new Set();
  const ask = async () => {
    try {
      const { status, text } = await instance.http(path, { agent, deadline });
      (status === 200 ? answers : failures).push(status === 200 ? text : `status ${status}`);
    } catch (error) {
      failures.push(error.message);
    }
  };
  const begin = performance.now();
  let sent = 0;
  // A timer that fires late sends what was due meanwhile.
  const timer = setInterval(() => {
    while (sent < ((performance.now() - begin) / 1000) * perSecond) {
      sent += 1;
      const request = ask().finally(() => open.delete(request));
      open.add(request);
    }
  }, 1000 / perSecond);
  return {
    get sent() {
      return sent;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return { answers, failures, sent };
    }
  };
}

module.exports = { startSteadyLoad };
