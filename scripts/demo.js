'use strict';

// `npm run demo`: a server, an admin and two workers on this machine, to try a deploy by hand.
// `npm run demo -- --once` deploys by itself, says how long it took, and ends.

const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');
const { demoModule } = require('./demo-module.js');
const { ensureInstalled } = require('./prepare.js');

const WORKERS = ['worker 1', 'worker 2'];
const PREFIX = 'demo:';
const POLL = 10;
const DEADLINE = 10_000;

/** A timer that fires on one worker. */
const TIMER = require('../examples/flows/timer-once.json');

/** What a worker answers is the text in the change node. */
function exampleFlow(version) {
  return [
    ...TIMER,
    { id: 'demo-tab', type: 'tab', label: 'Demo', disabled: false, info: '' },
    {
      id: 'demo-in',
      type: 'http in',
      z: 'demo-tab',
      name: '',
      url: '/version',
      method: 'get',
      upload: false,
      swaggerDoc: '',
      x: 120,
      y: 80,
      wires: [['demo-text']]
    },
    {
      id: 'demo-text',
      type: 'change',
      z: 'demo-tab',
      name: 'edit me',
      x: 320,
      y: 80,
      wires: [['demo-out']],
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: version, tot: 'str' }],
      action: '',
      property: '',
      from: '',
      to: '',
      reg: false
    },
    {
      id: 'demo-out',
      type: 'http response',
      z: 'demo-tab',
      name: '',
      statusCode: '200',
      headers: { 'content-type': 'text/plain' },
      x: 500,
      y: 80,
      wires: []
    }
  ];
}

/** The worker's answer, or undefined while it gives none. */
function askVersion(worker) {
  return new Promise((resolve) => {
    const request = http.get(`${worker.url}/version`, { agent: false, timeout: 2000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/**
 * Waits for the first answer with the version. The questions overlap: one that meets the moment in
 * which the node is replaced gets no answer, and must not hold up the others.
 */
async function waitForVersion(worker, version) {
  const end = performance.now() + DEADLINE;
  let answered = false;
  while (!answered) {
    if (performance.now() > end) {
      throw new Error(`${worker.name} did not answer '${version}' within ${DEADLINE} ms; its log:\n${worker.tail()}`);
    }
    const question = askVersion(worker).then((answer) => {
      answered ||= answer === version;
    });
    await Promise.race([question, delay(POLL)]);
    if (!answered) {
      await delay(POLL);
    }
  }
}

/** Passes on the lines of one instance that tell what the storage module does, and that the timer fires. */
function storageLines(name) {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.includes('[ValkeyStorage]') || line.includes('fires here')) {
        console.log(`  ${name.padEnd(8)} | ${line}`);
      }
    }
  };
}

async function startAll(running, folder) {
  // These need the installed packages, so they come after the set-up.
  const { findServer } = require('./valkey-server.js');
  const { startServer } = require('../__test__/support/server.js');
  const { startNodeRed, raw } = require('../__test__/support/node-red.js');

  const binary = await findServer({ note: (line) => console.log(line) });
  const server = await startServer({ flavour: binary.flavour });
  running.push(server);
  console.log(`${binary.flavour} (${binary.version}) runs on ${server.host}:${server.port}`);

  const start = async (name, options) => {
    const instance = await startNodeRed({
      ...options,
      server,
      valkey: { keyPrefix: PREFIX, enableCompression: true, connectionName: name.replace(' ', '-') },
      settings: { storageModule: raw(`require(${JSON.stringify(folder)})`) },
      onOutput: storageLines(name)
    });
    running.push(instance);
    return Object.assign(instance, { name });
  };
  const admin = await start('admin', { role: 'admin', flows: exampleFlow('version 1') });
  const workers = await Promise.all(WORKERS.map((name) => start(name, { role: 'worker' })));
  await Promise.all(workers.map((worker) => waitForVersion(worker, 'version 1')));
  return { admin, workers };
}

async function deployOnce({ admin, workers }) {
  const version = `version 2, deployed at ${new Date().toISOString()}`;
  const begin = performance.now();
  const answers = workers.map(async (worker) => {
    await waitForVersion(worker, version);
    return `${worker.name} answered with the new version after ${Math.round(performance.now() - begin)} ms`;
  });
  const deployed = admin.deploy(exampleFlow(version), { type: 'nodes' }).then(() => {
    console.log(`deploy accepted by the admin after ${Math.round(performance.now() - begin)} ms`);
  });
  const [lines] = await Promise.all([Promise.all(answers), deployed]);
  lines.forEach((line) => console.log(line));
}

function printAddresses({ admin, workers }) {
  console.log(`
The editor (admin):  ${admin.url}
${workers.map((worker) => `${worker.name}:            ${worker.url}/version`).join('\n')}

Try it:
  1. Open the editor, double-click the node 'edit me', change its text, press Deploy.
  2. The workers' answers change; see the lines below, or: curl ${workers[0].url}/version
  3. The workers are not restarted (process ids ${workers.map((worker) => worker.pid).join(' and ')}), and they have no editor.
  4. The tab Timer runs on one of them: see the line 'runs here'. End that process (kill): the other one takes over.
Ctrl-C stops everything.
`);
}

/** Prints each worker's answer whenever it changes, until stopped. */
async function showChanges(workers, stopped) {
  const last = new Map();
  while (!stopped.aborted) {
    await Promise.all(
      workers.map(async (worker) => {
        const version = (await askVersion(worker)) ?? '(no answer)';
        if (!stopped.aborted && version !== last.get(worker)) {
          last.set(worker, version);
          console.log(`${new Date().toLocaleTimeString()}  ${worker.name} (pid ${worker.pid}) answers: ${version}`);
        }
      })
    );
    await delay(200, undefined, { signal: stopped }).catch(() => {});
  }
}

async function main(args) {
  const unknown = args.filter((arg) => arg !== '--once');
  if (unknown.length > 0) {
    throw new Error(`unknown argument '${unknown[0]}'; the only one is --once`);
  }
  const running = [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => stop.abort());
  }
  const stopped = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  const work = async () => {
    ensureInstalled();
    const { folder, from } = demoModule();
    console.log(`the module is ${from}`);
    const instances = await startAll(running, folder);
    printAddresses(instances);
    if (args.includes('--once')) {
      await deployOnce(instances);
    } else {
      await showChanges(instances.workers, stop.signal);
    }
  };
  try {
    // Ctrl-C must also work while something is still starting.
    await Promise.race([work(), stopped]);
  } finally {
    if (stop.signal.aborted) {
      console.log('\nStopping …');
    }
    stop.abort();
    // The server last, so that the others need not complain about its absence.
    await Promise.all(running.slice(1).map((instance) => instance.stop()));
    await running[0]?.stop();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
