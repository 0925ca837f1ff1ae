'use strict';

const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');

const INTERVAL = 2;
const REQUEST_DEADLINE = 300;

/** What `GET /value` answers; nothing while there is none, or none in time. */
function ask(url, agent) {
  return new Promise((resolve) => {
    const request = http.get(`${url}/value`, { agent, timeout: REQUEST_DEADLINE }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/**
 * Resolves when an instance answers with the version. The questions overlap: one that meets the moment
 * in which the node is replaced is never answered, and must not hold up the others.
 *
 * @param {{url: string, tail?: (lines: number) => string}} instance
 * @param {string} version
 * @param {{deadline?: number, interval?: number}} [options] in ms
 */
async function answered(instance, version, { deadline = 30_000, interval = INTERVAL } = {}) {
  const agent = new http.Agent({ keepAlive: true });
  const end = performance.now() + deadline;
  let found = false;
  try {
    while (!found) {
      if (performance.now() > end) {
        throw new Error(`no answer '${version}' within ${deadline} ms; ${instance.tail?.(15)}`);
      }
      const question = ask(instance.url, agent).then((answer) => {
        found ||= answer === version;
      });
      await Promise.race([question, delay(interval)]);
      if (!found) {
        await delay(interval);
      }
    }
  } finally {
    agent.destroy();
  }
}

module.exports = { answered };
