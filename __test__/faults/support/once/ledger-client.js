'use strict';

// Loaded by the settings of a worker: how a flow writes to the ledger.

const Redis = require('ioredis');

/**
 * Writes what a flow does, with its fence; a write with a fence below the last one is refused, and kept apart. The time is
 * the ledger's.
 */
const WRITE = `
local time = redis.call('TIME')
local entry = ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. (time[1] * 1000 + math.floor(time[2] / 1000))
if tonumber(ARGV[1]) < tonumber(redis.call('GET', 'fence') or '0') then
  return redis.call('RPUSH', 'refused', entry)
end
redis.call('SET', 'fence', ARGV[1])
return redis.call('RPUSH', 'ticks', entry)
`;

/**
 * @param {number} port of the ledger's server, which no fault concerns
 * @param {string} worker
 */
function connectLedger(port, worker) {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, maxRetriesPerRequest: null });
  client.on('error', () => {});
  return {
    write(fence) {
      client.eval(WRITE, 0, fence, worker).catch(() => {});
    }
  };
}

module.exports = { connectLedger };
