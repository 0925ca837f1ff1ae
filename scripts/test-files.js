'use strict';

// Which test files there are, which of them need no server, and which a browser.

const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('./prepare.js');

const TESTS = path.join(ROOT, '__test__');
const SERVER = path.join(TESTS, 'support', 'server.js');
const BROWSER = path.join(TESTS, 'support', 'browser.js');

/** About this repository, whatever the system; and a README test starts the demo. */
const ABOUT_REPOSITORY = /^__test__\/(documents|matrix|shipping)\//;

/** Paths from the root, with '/', of the test files whose path contains one of the words. */
function testFiles(words, dir = TESTS) {
  return fs
    .readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(dir, entry.name);
      if (entry.isDirectory()) {
        return testFiles(words, file);
      }
      const name = path.relative(ROOT, file).split(path.sep).join('/');
      const wanted = words.length === 0 || words.some((word) => name.includes(word));
      return entry.name.endsWith('.test.js') && wanted ? [name] : [];
    })
    .sort();
}

/** Whether a file is, or requires by whatever way, the wanted one. */
function leadsTo(wanted, file, seen = new Set()) {
  if (file === wanted) {
    return true;
  }
  if (seen.has(file)) {
    return false;
  }
  seen.add(file);
  const required = [...fs.readFileSync(file, 'utf8').matchAll(/require\('(\.[^']+)'\)/g)];
  return required.some(([, name]) => {
    const next = path.resolve(path.dirname(file), name.endsWith('.js') ? name : `${name}.js`);
    return fs.existsSync(next) && leadsTo(wanted, next, seen);
  });
}

/** @param {string} name of testFiles */
function withoutServer(name) {
  return !ABOUT_REPOSITORY.test(name) && !leadsTo(SERVER, path.join(ROOT, name));
}

/** @param {string} name of testFiles */
function withBrowser(name) {
  return leadsTo(BROWSER, path.join(ROOT, name));
}

module.exports = { testFiles, withBrowser, withoutServer };
