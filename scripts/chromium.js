'use strict';

// Finds a Chromium for the tests that look at the editor, or installs Debian's. Only Node built-ins.

const fs = require('node:fs');
const { aptInstall, lastWords, mayInstall, onPath } = require('./fetching.js');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const DEBIAN_PACKAGE = 'chromium';

/** The path of a Chromium or Chrome that is there: that of TEST_BROWSER, or one on PATH. */
function chromiumHere() {
  const given = process.env.TEST_BROWSER;
  if (given && !fs.existsSync(given)) {
    throw new Error(`TEST_BROWSER is '${given}', which is not there`);
  }
  return given || NAMES.map(onPath).find(Boolean);
}

/**
 * Installs Debian's when none is there and the user may.
 *
 * @param {(line: string) => void} note told what takes time or failed
 */
async function ensureChromium(note) {
  if (chromiumHere() || !mayInstall()) {
    return;
  }
  await aptInstall(DEBIAN_PACKAGE, note).catch((error) => note(`${DEBIAN_PACKAGE}: ${lastWords(error)}`));
}

/** Why tests in a browser can't be run on this machine, whatever is tried; false when they can. */
function noChromium() {
  return chromiumHere() || mayInstall() ? false : 'no Chromium on PATH (or TEST_BROWSER), and none can be installed';
}

module.exports = { chromiumHere, ensureChromium, noChromium };
