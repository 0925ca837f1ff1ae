'use strict';

// `npm run test:matrix`: real Node-REDs of every supported release, on every Node.js that each
// allows, with the servers in turn. Fetches all of them, and writes the table in docs/reliability.md.
//
//   npm run test:matrix                              everything, the newest of each release line
//   npm run test:matrix -- --check                   the same, and fails where the document shows another table
//   npm run test:matrix -- --quick                   the oldest together, and the newest; what is fetched does
//   npm run test:matrix -- node-red-3.1 node-22      these

const path = require('node:path');
const { ROOT, ensureInstalled, ensureBuilt } = require('./prepare.js');
const { findServer } = require('./valkey-server.js');
const { askedFor, fullPlan, quickPlan } = require('./matrix/plan.js');
const { allows, fetchNode, fetchNodeRed } = require('./matrix/releases.js');
const { isShown, serverName, show, tableOf } = require('./matrix/table.js');
const { startNodeRed } = require('../__test__/support/node-red.js');
const { spawnOwned } = require('../__test__/support/own-processes.js');

const TEST = path.join('__test__', 'matrix', 'combination.js');
const DEADLINE = 600_000;

const note = (line) => console.log(line);

/** What is needed for the combinations, each fetched once: `{ nodeRed, node, server }` of maps. */
async function fetchAll(plan, newest) {
  const fetched = { nodeRed: new Map(), node: new Map(), server: new Map() };
  const ways = {
    nodeRed: (line) => fetchNodeRed(line, { newest, note }),
    node: (line) => fetchNode(line, { newest, note }),
    server: (flavour) => findServer({ flavour, note })
  };
  for (const [kind, fetch] of Object.entries(ways)) {
    for (const name of new Set(plan.map((combination) => combination[kind]))) {
      fetched[kind].set(name, await fetch(name));
    }
  }
  return fetched;
}

/** A combination with what was fetched for it. */
function withReleases(combination, fetched) {
  const uses = Object.fromEntries(Object.keys(fetched).map((kind) => [kind, fetched[kind].get(combination[kind])]));
  const versions = Object.fromEntries(Object.entries(uses).map(([kind, { version }]) => [kind, version]));
  const { engines } = uses.nodeRed;
  const refused = allows(engines, versions.node) ? undefined : `needs Node.js ${engines}`;
  return { ...combination, uses, versions, failed: [], refused };
}

/** Runs the test of one combination; gives its output and whether it passed. */
function runTest({ nodeRed, node, server }) {
  const child = spawnOwned(process.execPath, ['--test', '--test-reporter=tap', TEST], {
    cwd: ROOT,
    env: { ...process.env, TEST_NODE_RED: nodeRed.path, TEST_NODE: node.path, VALKEY_SERVER: server.path },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    // In an orderly way, so that it removes its folders.
    const timer = setTimeout(() => child.kill('SIGTERM'), DEADLINE);
    const end = (passed) => {
      clearTimeout(timer);
      resolve({ passed, output });
    };
    child.once('error', (error) => {
      output += error.message;
      end(false);
    });
    child.once('close', (code, signal) => {
      output += signal ? `ended by ${signal}\n` : `ended with ${code}\n`;
      end(code === 0);
    });
  });
}

/** The parts of the test that failed, by name. */
function failedParts({ output }) {
  const parts = [...output.matchAll(/^ {4}not ok \d+ - (.+)$/gm)].map(([, name]) => name);
  return parts.length > 0 ? parts : ['start'];
}

/**
 * Why Node-RED without this module ends by itself on that Node.js, whatever its `engines` say;
 * undefined where it does not.
 */
async function endOfItsOwn({ nodeRed, node }) {
  let instance;
  try {
    instance = await startNodeRed({ nodeRed: nodeRed.path, node: [node.path], deadline: DEADLINE });
  } catch (error) {
    return /^Node-RED ended /.test(error.message) ? error.message : undefined;
  }
  await instance.stop();
  return undefined;
}

/** Tries one combination, notes in it what failed, and says how it went. */
async function tryOut(combination) {
  const began = performance.now();
  const result = await runTest(combination.uses);
  const tell = (outcome) => console.log(`${outcome}, ${Math.round((performance.now() - began) / 1000)} s`);
  if (result.passed) {
    tell('passed');
    return;
  }
  const why = await endOfItsOwn(combination.uses);
  if (why) {
    combination.refused = 'Node-RED itself does not start';
    tell(`${combination.refused}, without this module`);
    console.log(why);
    return;
  }
  combination.failed = failedParts(result);
  tell(`FAILED (${combination.failed.join(', ')})`);
  console.log(result.output);
}

async function runAll(combinations) {
  for (const [at, combination] of combinations.entries()) {
    const { versions } = combination;
    process.stdout.write(
      `[${at + 1}/${combinations.length}] Node-RED ${versions.nodeRed}, Node.js ${versions.node}, ` +
        `${serverName(combination)}: `
    );
    await tryOut(combination);
  }
}

/** What becomes of the table of a whole run; false when the document is wrong and not to be changed. */
function publish(table, check) {
  if (isShown(table)) {
    console.log('docs/reliability.md shows this table');
    return true;
  }
  if (check) {
    console.log('docs/reliability.md shows ANOTHER table: npm run test:matrix writes it');
    return false;
  }
  show(table);
  console.log('docs/reliability.md is changed: it shows this table now');
  return true;
}

async function main(args) {
  const [quick, check] = ['--quick', '--check'].map((option) => args.includes(option));
  const words = args.filter((arg) => !['--quick', '--check'].includes(arg));
  const whole = !quick && words.length === 0;
  if ((quick && words.length > 0) || (check && !whole)) {
    throw new Error('--quick and --check go with nothing else');
  }
  const plan = whole ? fullPlan() : quick ? quickPlan() : askedFor(words);
  ensureInstalled();
  ensureBuilt();
  const fetched = await fetchAll(plan, whole);
  const all = plan.map((combination) => withReleases(combination, fetched));
  const allowed = all.filter(({ refused }) => !refused);
  if (allowed.length === 0) {
    throw new Error(`no Node.js that was asked for is allowed: ${all.map(({ refused }) => refused).join(', ')}`);
  }
  await runAll(allowed);
  const table = tableOf(all);
  console.log(`\n${table}\n`);
  const shown = !whole || publish(table, check);
  const tried = allowed.filter(({ refused }) => !refused);
  const failed = tried.filter((combination) => combination.failed.length > 0).length;
  console.log(`${tried.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || tried.length === 0 || !shown ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
