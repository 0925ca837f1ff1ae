'use strict';

// Probes without Node-RED: the listener, the flows watch, and both in the module.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { EventEmitter } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { afterEach, test } = require('node:test');

const { watchFlows } = require('../../lib/health/flows-watch.js');
const { createListener } = require('../../lib/health/listener.js');
const { HOLD_TYPE } = require('../../lib/reload/hold.js');
const { openInstance } = require('../faults/support/addon.js');
const { createLogLines } = require('../support/log-lines.js');
const { freePort } = require('../support/port.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

const DEADLINE = 60_000;
const closers = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

function ask(port, target, { method = 'GET', headers } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path: target, method, headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      }
    );
    request.on('error', reject);
    request.end();
  });
}

async function listening(answers, options = {}) {
  const { lines, log } = createLogLines();
  const listener = createListener({ port: 0, host: '127.0.0.1', log, answers, ...options });
  closers.push(() => listener.close());
  await listener.open();
  return { listener, lines, port: listener.port() };
}

const yes = () => ({ status: 200, body: { ready: true } });

test('GET and HEAD are answered under their paths, everything else is 404 or 405', async () => {
  const { port, lines } = await listening({ '/health/live': yes });
  const answer = await ask(port, '/health/live?from=here');
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.text), { ready: true });
  assert.equal(answer.headers.connection, 'close');
  assert.equal(answer.headers['cache-control'], 'no-store');
  const head = await ask(port, '/health/live', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  for (const target of [
    '/',
    '/health',
    '/health/live/',
    '/health/LIVE',
    '/constructor',
    '/../health/live',
    '//health/live'
  ]) {
    assert.equal((await ask(port, target)).status, 404, target);
    assert.equal((await ask(port, target, { method: 'POST' })).status, 404, target);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const refused = await ask(port, '/health/live', { method });
    assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'], method);
  }
  assert.deepEqual(lines, [`info: probes are answered at http://127.0.0.1:${port}/health/live`]);
});

test('an answer that throws is a 503, not the end of the process', async () => {
  const { port } = await listening({
    '/ready': () => {
      throw new Error('no state');
    }
  });
  const answer = await ask(port, '/ready');
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [503, { error: 'no state' }]);
});

test('an answer may take its time, and may be a text', async () => {
  const { port } = await listening({
    '/figures': async () => ({ status: 200, body: 'a 1\n', headers: { 'Content-Type': 'text/plain' } })
  });
  const answer = await ask(port, '/figures');
  assert.deepEqual([answer.status, answer.headers['content-type'], answer.text], [200, 'text/plain', 'a 1\n']);
});

test('connections that ask nothing are turned away or end, and nothing is kept alive', async () => {
  const { port } = await listening({ '/live': yes });
  const idle = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1'));
  const ended = new Set();
  idle.forEach((socket) =>
    socket
      .on('error', () => {})
      .on('close', () => ended.add(socket))
      .resume()
  );
  // What is over the limit, at once; those within it can still ask.
  await until(() => ended.size >= 68, { deadline: DEADLINE, message: () => `the limit (${ended.size} ended)` });
  let answer = '';
  const asking = idle.find((socket) => !ended.has(socket));
  assert.ok(asking, 'some are left');
  asking.on('data', (text) => {
    answer += text;
  });
  asking.write('GET /live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
  await until(() => ended.has(asking), { deadline: DEADLINE, message: 'an answer' });
  assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*Connection: close/);
  // The rest, once their time is up.
  await until(() => ended.size === idle.length, { deadline: DEADLINE, message: () => `the end (${ended.size} ended)` });
});

test('a port that is taken is an error that names the option, and is tried again', async () => {
  const holder = net.createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address();
  const { listener, lines } = await listening({ '/live': yes }, { port });
  assert.equal(listener.port(), null);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0],
    /^error: option 'health': can't listen on 127\.0\.0\.1, port \d+ \(EADDRINUSE: the port is in use\): probes are not answered, flows run all the same/
  );
  await new Promise((resolve) => holder.close(resolve));
  await until(() => listener.port() === port, { deadline: DEADLINE, message: 'the port' });
  assert.equal((await ask(port, '/live')).status, 200);
  assert.equal(lines.length, 2, lines.join('\n'));
});

test('after close nothing listens, also when the port was waited for', async () => {
  const { listener, port } = await listening({ '/live': yes });
  await listener.close();
  await listener.close();
  await assert.rejects(ask(port, '/live'), { code: 'ECONNREFUSED' });
});

test('neither the listener nor a connection to it holds a process open', async () => {
  const module = path.join(__dirname, '..', '..', 'lib', 'health', 'listener.js');
  const source = `
    const { createListener } = require(${JSON.stringify(module)});
    const log = { info: () => {}, error: () => {}, debug: () => {} };
    const listener = createListener({ port: 0, host: '127.0.0.1', answers: {}, log });
    listener.open().then(() => console.log(listener.port()));
    // What holds the process until the test has looked.
    process.stdin.once('data', () => {
      console.log(process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).join() || 'none');
    });`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const port = Number(await until(() => /^\d+\n/.exec(output), { deadline: DEADLINE, message: 'its port' }));
  const hanging = net.connect(port, '127.0.0.1');
  hanging.on('error', () => {});
  closers.push(() => hanging.destroy());
  // Accepted after the one that hangs.
  assert.equal((await ask(port, '/')).status, 404);
  child.stdin.end('look');
  await until(() => child.exitCode !== null && child.stdout.readableEnded, {
    deadline: DEADLINE,
    message: 'the end of the process'
  });
  assert.deepEqual([child.exitCode, output], [0, `${port}\nnone\n`]);
});

test('the flows watch follows what Node-RED says', () => {
  const events = new EventEmitter();
  const flows = watchFlows(events);
  const told = (payload) => events.emit('runtime-event', { id: 'runtime-state', payload, retain: true });
  const seen = (...wanted) => assert.deepEqual(Object.values(flows.state()), wanted);
  seen('loading', []);
  events.emit('runtime-event', { id: 'runtime-state', retain: true });
  events.emit('runtime-event', { id: 'node/added', payload: [] });
  seen('loading', []);
  told({ state: 'stop', error: 'missing-types', type: 'warning', types: ['a'] });
  seen('missing types', ['a']);
  events.emit('flows:started', { type: 'full' });
  told({ state: 'start' });
  seen('running', []);
  // A deploy of a part: what did not change runs on.
  events.emit('flows:stopping', { type: 'nodes' });
  told({ state: 'stop' });
  seen('running', []);
  told({ state: 'stop', error: 'missing-types', type: 'warning', types: ['b'] });
  seen('running', ['b']);
  events.emit('flows:started', { type: 'nodes' });
  seen('running', []);
  events.emit('flows:stopping', { type: 'full' });
  told({ state: 'stop' });
  seen('stopped', []);
  told({ state: 'stop', error: 'missing-modules', type: 'warning', modules: [{ module: 'm' }] });
  seen('missing modules', ['m']);
  told({ state: 'safe', error: 'safe-mode', type: 'warning' });
  seen('safe mode', []);
  flows.close();
  events.emit('flows:started', { type: 'full' });
  seen('safe mode', []);
  assert.equal(events.listenerCount('runtime-event'), 0);

  const failing = watchFlows(events);
  told({ type: 'warning', error: 'project_not_found', text: 'x' });
  assert.deepEqual(failing.state(), { state: 'not loadable', missing: ['project_not_found'] });
  failing.close();
});

test('the type that holds an update back is not among those that are missing', () => {
  const events = new EventEmitter();
  const flows = watchFlows(events);
  const missing = (types) => {
    events.emit('runtime-event', {
      id: 'runtime-state',
      payload: { state: 'stop', error: 'missing-types', type: 'warning', types }
    });
    return flows.state().missing;
  };
  assert.deepEqual(missing(['a', HOLD_TYPE]), ['a']);
  assert.deepEqual(missing([HOLD_TYPE]), []);
  flows.close();
});

test('the module answers from init on, and not after close', async () => {
  const server = await startServer();
  closers.push(() => server.stop());
  const port = await freePort();
  const valkey = { health: { port, host: '127.0.0.1', path: '/probe' } };
  const worker = await openInstance({ role: 'worker', server, wait: false, valkey });
  const early = await ask(port, '/probe/ready');
  assert.equal(early.status, 503, early.text);
  assert.equal((await ask(port, '/probe/live')).status, 200);
  assert.ok(!early.text.includes(String(server.port)), early.text);
  await worker.close();
  await assert.rejects(ask(port, '/probe/live'), { code: 'ECONNREFUSED' });
});

test('without the option nothing listens', async () => {
  const { createHealth } = require('../../lib/health');
  const health = createHealth({ options: null, log: {}, standing: {} });
  await health.open();
  assert.equal(health.port(), null);
  await health.close();
});
