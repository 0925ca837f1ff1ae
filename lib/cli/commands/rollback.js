'use strict';

const { codedError } = require('../../errors');
const { printable } = require('../printable');
const { sequenceOf } = require('../sequence');

/** How long the admin may take, in ms. */
const PATIENCE = 60_000;
const REFUSED = 1;

/**
 * Where an admin takes a rollback.
 *
 * @param {string | undefined} admin
 * @param {number} sequence
 */
function addressOf(admin, sequence) {
  try {
    const url = new URL(admin ?? '');
    if (/^https?:$/.test(url.protocol)) {
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/node-red-storage-valkey/history/${sequence}/rollback`;
      return url.href;
    }
  } catch {
    // Said below.
  }
  throw codedError('ERR_VALKEY_OPTION', '--admin takes the address of the admin, e.g. http://localhost:1880');
}

/**
 * @param {string} address
 * @param {object} body
 * @param {string | undefined} token
 * @param {AbortSignal} interrupted
 */
async function ask(address, body, token, interrupted) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, PATIENCE);
  interrupted.addEventListener('abort', end, { once: true });
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: ending.signal
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const reason = ending.signal.aborted ? 'it does not answer' : (error.cause?.message ?? error.message);
    throw codedError('ERR_VALKEY_UNAVAILABLE', `the admin at ${new URL(address).host} is not reached: ${reason}`);
  } finally {
    clearTimeout(timer);
    interrupted.removeEventListener('abort', end);
  }
}

/**
 * Why an admin has not done it.
 *
 * @param {number} status
 * @param {string} text
 */
function refusalOf(status, text) {
  if (status === 401 || status === 403) {
    return `the admin wants another log-in (${status}): --token takes an access token with the right flows.write`;
  }
  try {
    const { code, message } = JSON.parse(text);
    const advice = code === 'missing_types' ? '; --accept-missing goes back all the same' : '';
    return `${code}: ${message}${advice}`;
  } catch {
    return `there is no admin with a history at this address (${status})`;
  }
}

/** @type {import('..').Command} */
module.exports = {
  summary: 'bring an earlier deploy back, on the admin and all workers',
  usage: 'SEQUENCE --admin URL [--token TOKEN]',
  options: {
    admin: { type: 'string', placeholder: 'URL', description: "the admin's editor, e.g. http://localhost:1880" },
    token: {
      type: 'string',
      placeholder: 'TOKEN',
      description: 'an access token of Node-RED; NODE_RED_TOKEN, which nobody sees in the list of processes'
    },
    message: { type: 'string', placeholder: 'TEXT', description: 'why; it is kept with the entry' },
    'accept-missing': { type: 'boolean', description: 'also where types are not installed that it needs' },
    json: { type: 'boolean', description: 'as JSON, for scripts' }
  },
  connects: false,
  async run({ args, values, env, out, err, interrupted }) {
    if (args.length !== 1) {
      throw codedError('ERR_VALKEY_OPTION', 'which deploy? Give its number; the command history has them');
    }
    const sequence = sequenceOf(args[0]);
    const body = { message: values.message, acceptMissing: Boolean(values['accept-missing']) };
    const token = values.token ?? env.NODE_RED_TOKEN;
    const { status, text } = await ask(addressOf(values.admin, sequence), body, token, interrupted);
    if (status !== 200) {
      err(printable(refusalOf(status, text)));
      return REFUSED;
    }
    const { missing, credentials, away } = JSON.parse(text);
    if (values.json) {
      out(text);
      return 0;
    }
    out(`rolled back to deploy ${sequence}`);
    if (missing.length > 0) {
      out(printable(`types that are not installed: ${missing.join(', ')}`));
    }
    if (credentials === 'kept') {
      out('the credentials of then can not be decrypted: those of today stay');
    }
    if (away) {
      out(printable(`workers follow when Valkey is there: ${away}`));
    }
    return 0;
  }
};
