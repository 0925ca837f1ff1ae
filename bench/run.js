'use strict';

// `npm run bench`: this module beside Node-RED's default storage and a straightforward storage module
// (plain-module.js), all as real Node-RED processes on a real server.
//
//   npm run bench                    every row; writes the table in docs/performance.md
//   npm run bench -- start library   the rows whose name contains one of the words
//   npm run bench -- --json          prints JSON in place of the table
//   npm run bench -- --built         takes the addon that is there, in place of building it
//   npm run bench -- --short         few repetitions and small sizes: shows that each row runs; the
//                                    figures are worth nothing

const { parseArgs } = require('node:util');
const { ensureInstalled, runShown } = require('../scripts/prepare.js');

const AT_ONCE = 3;
const OPTIONS = { json: { type: 'boolean' }, built: { type: 'boolean' }, short: { type: 'boolean' } };

function prepare({ built, short }) {
  ensureInstalled();
  if (!built && !short && runShown('npm', ['run', 'build']) !== 0) {
    throw new Error('the addon could not be built');
  }
  const addon = require('./addon.js').loadedAddon();
  if (!addon.isRelease && !short) {
    throw new Error(`${addon.file} is a debug build: its figures are worth nothing; npm run build`);
  }
}

/** Runs a row; what makes it fail stands in its place, and the others go on. */
async function runRow(row, short) {
  const began = performance.now();
  const times = (full, few) => (short ? few : full);
  const { name, title } = row;
  try {
    return { name, title, lines: await row.run({ short, times }), seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    process.stderr.write(`${name} failed: ${error.stack}\n`);
    return { name, title, failure: error.message.split('\n')[0], seconds: (performance.now() - began) / 1000 };
  }
}

/** What there is of a row, for who waits for the others, or does not wait for them. */
function progress({ name, lines = [], seconds }) {
  const figures = lines.map(({ what, shown, target }) => `  ${what}: ${shown} ${target && `(${target})`}\n`);
  process.stderr.write(`${name}: ${Math.round(seconds)} s\n${figures.join('')}`);
}

/** One row after the other; some at once where their figures don't count. */
async function runRows(rows, short) {
  const results = [];
  const waiting = [...rows.entries()];
  const runOneAfterTheOther = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, row] = next;
      results[index] = await runRow(row, short);
      progress(results[index]);
    }
  };
  await Promise.all(Array.from({ length: short ? AT_ONCE : 1 }, runOneAfterTheOther));
  return results;
}

async function main() {
  const { values: flags, positionals: words } = parseArgs({ options: OPTIONS, allowPositionals: true });
  prepare(flags);
  const rows = require('./rows').filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (rows.length === 0) {
    throw new Error(`no row in bench/rows/ has a name with: ${words.join(', ')}`);
  }
  const { describeMachine } = require('./report/machine.js');
  const { table } = require('./report/table.js');
  const report = { about: await describeMachine(), short: Boolean(flags.short) };
  report.results = await runRows(rows, report.short);
  if (flags.json) {
    console.log(JSON.stringify(report, null, 2));
  } else {
    const { block } = require('./report/document.js');
    console.log(report.short ? table(report.results) : block(report));
  }
  if (words.length === 0 && !report.short) {
    require('./report/document.js').writeDocument(report);
  }
  // Whether targets are met is in the table; only a row that can't be measured is a fault.
  process.exitCode = report.results.some(({ failure }) => failure) ? 1 : 0;
}

// Child processes and the core's background calls hold no process open.
const hold = setInterval(() => {}, 60_000);

main()
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  })
  .finally(() => clearInterval(hold));
