'use strict';

const path = require('node:path');

const { codedError } = require('../errors');
const { isObject } = require('../is-object');
const { optionsAsText } = require('../options');

/**
 * @import { Option } from '.'
 * @import { Options, RawOptions } from '../types/core'
 */

/** @type {Record<string, Option>} */
const CONNECTION = {
  settings: {
    type: 'string',
    placeholder: 'FILE',
    description: "take the server from 'valkey' in this settings.js of an admin or a worker (VALKEY_SETTINGS)"
  },
  url: {
    type: 'string',
    placeholder: 'URL',
    description:
      'redis://host:6379/0 or rediss://… (VALKEY_URL); user and password: VALKEY_USERNAME, VALKEY_PASSWORD, which nobody sees in the list of processes'
  },
  prefix: { type: 'string', placeholder: 'PREFIX', description: "the key prefix, 'nodered:' (VALKEY_PREFIX)" }
};

/**
 * `valkey` of a settings.js.
 *
 * @param {string} file
 * @returns {RawOptions}
 */
function ofSettings(file) {
  let settings;
  try {
    settings = require(path.resolve(file));
  } catch (error) {
    const [why] = String(error.message).split('\n');
    throw codedError('ERR_VALKEY_OPTION', `${file} can't be loaded: ${why}`);
  }
  if (!isObject(settings) || !isObject(settings.valkey)) {
    throw codedError('ERR_VALKEY_OPTION', `${file} has no object 'valkey'`);
  }
  return /** @type {RawOptions} */ (settings.valkey);
}

/**
 * Where the server is, from the options of the command line, and where they say nothing from the environment.
 *
 * @param {{ settings?: string, url?: string, prefix?: string }} values
 * @param {NodeJS.ProcessEnv} env
 * @returns {Options}
 */
function connectionOptions(values, env) {
  if (values.settings && values.url) {
    throw codedError('ERR_VALKEY_OPTION', '--settings and --url both say where the server is: give one of them');
  }
  const url = values.url || (values.settings ? undefined : env.VALKEY_URL);
  const settings = url ? undefined : values.settings || env.VALKEY_SETTINGS;
  if (!url && !settings) {
    throw codedError('ERR_VALKEY_OPTION', 'where is the server? Give --settings or --url, or set VALKEY_URL');
  }
  const given = url
    ? { role: 'worker', url, username: env.VALKEY_USERNAME, password: env.VALKEY_PASSWORD }
    : ofSettings(/** @type {string} */ (settings));
  const keyPrefix = values.prefix || (url ? env.VALKEY_PREFIX : undefined);
  return optionsAsText({
    connectionName: 'node-red-storage-valkey',
    ...given,
    ...(keyPrefix ? { keyPrefix } : {})
  });
}

module.exports = { CONNECTION, connectionOptions };
