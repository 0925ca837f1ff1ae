'use strict';

// How settings are read from the environment: what can't be meant is an error that names the variable, because
// a slip passed over in silence may mean plain text, or an open editor. An empty variable counts as not set.

const fs = require('node:fs');

/** Each may be given as a file as well: `<name>_FILE`. */
const SECRETS = [
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_STATE_PASSWORD',
  'REDIS_KEY_PASSPHRASE',
  'CREDENTIAL_SECRET',
  'ADMIN_PASSWORD_HASH'
];

function wrong(name, what) {
  return new Error(`environment variable ${name} ${what}`);
}

/** A text, undefined when there is none. */
function text(name) {
  return process.env[name] || undefined;
}

/** true or false, undefined when nothing is said: `1`, `yes` and `TRUE` are errors. */
function flag(name) {
  const value = text(name);
  if (value !== undefined && value !== 'true' && value !== 'false') {
    throw wrong(name, `is '${value}': only true and false count`);
  }
  return value && value === 'true';
}

/** A whole number. What the orchestrator makes of a Service of this name, `tcp://…`, is none. */
function whole(name) {
  const value = text(name);
  if (value !== undefined && !/^\d+$/.test(value)) {
    throw wrong(name, `is '${value}': it must be a whole number`);
  }
  return value && Number(value);
}

/** One of these words. */
function oneOf(name, words) {
  const value = text(name);
  if (value !== undefined && !words.includes(value)) {
    throw wrong(name, `is '${value}': it must be one of ${words.join(', ')}`);
  }
  return value;
}

/** 'a:1,b:2' as a list. */
function list(name) {
  const value = text(name);
  const entries = value?.split(',').map((entry) => entry.trim());
  if (entries?.includes('')) {
    throw wrong(name, `is '${value}': it must be a list such as a:1,b:2`);
  }
  return entries;
}

/** What is in the file that a variable names. */
function contents(name) {
  const file = text(name);
  try {
    return file && fs.readFileSync(file);
  } catch (error) {
    throw wrong(name, `names a file that can't be read: ${error.message}`);
  }
}

function readSecret(name) {
  const ofFile = contents(`${name}_FILE`)?.toString().trim();
  if (ofFile === '') {
    throw wrong(`${name}_FILE`, 'names a file with nothing in it');
  }
  if (ofFile && text(name)) {
    throw wrong(name, `and ${name}_FILE are both set: only one can be meant`);
  }
  return ofFile ?? text(name);
}

/**
 * Reads the secrets, and takes them out of the environment: flows may ask for every variable there, and what
 * the process starts, npm for instance, gets a copy.
 */
function takeSecrets() {
  const secrets = Object.fromEntries(SECRETS.map((name) => [name, readSecret(name)]));
  for (const name of SECRETS) {
    delete process.env[name];
    delete process.env[`${name}_FILE`];
  }
  return secrets;
}

module.exports = { contents, flag, list, oneOf, secrets: takeSecrets(), text, whole, wrong };
