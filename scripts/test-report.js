'use strict';

// The report of `npm test` where nobody watches: TAP, with the name of each test that failed once
// more right before the totals. Who is shown only the end of a long run finds there what to look at.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { tap } = require('node:test/reporters');

/** Names of tests that failed before Node's began, one a line. */
const FAILED_BEFORE = 'FAILED_BEFORE';

/** TAP's plan of the whole run: what stands before the totals. */
const PLAN = /^1\.\.\d+$/;

function nameOf({ name, file }) {
  const where = file && path.relative(path.join(__dirname, '..'), file);
  return where && !file.endsWith(name) ? `${where}: ${name}` : name;
}

/** Bytes that the disk has to have left: with fewer, tests fail that have nothing wrong. */
const ENOUGH = 2 ** 30;

/** Bytes that the disk of a folder has left; endless where that can't be told. */
function spaceAt(dir) {
  try {
    const { bavail, bsize } = fs.statfsSync(dir);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/** Disks that are as good as full, said in a line each. */
function* fullDisks() {
  for (const [what, dir] of Object.entries({ checkout: path.join(__dirname, '..'), 'temporary files': os.tmpdir() })) {
    const space = spaceAt(dir);
    if (space < ENOUGH) {
      yield `# the disk of the ${what} has ${Math.round(space / 2 ** 20)} MB left\n`;
    }
  }
}

/**
 * @param {AsyncIterable<{type: string, data: any}>} events of Node's test runner
 */
async function* report(events) {
  const failed = (process.env[FAILED_BEFORE] ?? '').split('\n').filter(Boolean);
  async function* watched() {
    for await (const event of events) {
      // One that only has others in it that failed says nothing.
      if (event.type === 'test:fail' && event.data.details?.error?.failureType !== 'subtestsFailed') {
        failed.push(nameOf(event.data));
      }
      yield event;
    }
  }
  for await (const line of tap(watched())) {
    if (PLAN.test(line.trimEnd())) {
      yield* failed.length > 0 ? fullDisks() : [];
      yield* failed.map((name) => `# failed: ${name.replaceAll('\n', ' ')}\n`);
    }
    yield line;
  }
}

module.exports = report;
module.exports.FAILED_BEFORE = FAILED_BEFORE;
