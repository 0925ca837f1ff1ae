'use strict';

// The tests stand on their support: a server that does not really stop, or a process that
// outlives its run, would make the others lie.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { adminLine, workerLine } = require('./acl.js');
const { startNodeRed, raw } = require('./node-red.js');
const { startProxy } = require('./proxy.js');
const { startServer } = require('./server.js');
const { tempDir } = require('./temp-dir.js');
const { valueFlow } = require('./request-flow.js');
const { until } = require('./wait.js');
const { findServer } = require('../../scripts/valkey-server.js');

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('until tells what it waited for and why it was not there', async () => {
  await assert.rejects(
    until(
      () => {
        throw new Error('not yet');
      },
      { deadline: 50, message: 'revision 7' }
    ),
    /no revision 7 within 50 ms: not yet/
  );
});

test('a server stops, restarts on its port empty or with its keys', async () => {
  const server = await startServer({ persist: true });
  const { pid, port } = server;
  const client = server.client();
  await client.set('k', 'v');
  await server.restart({ signal: 'SIGKILL' });
  assert.notEqual(server.pid, pid);
  assert.equal(server.port, port);
  assert.equal(alive(pid), false);
  assert.equal(await client.get('k'), 'v');
  await server.restart({ empty: true });
  assert.equal(await client.get('k'), null);
  await server.stop();
  assert.equal(alive(server.pid), false);
});

test('a paused server answers nothing until it is resumed', async () => {
  const server = await startServer();
  const client = server.client();
  await client.set('k', 'v');
  server.pause();
  let answered = false;
  const answer = client.get('k').then((value) => {
    answered = true;
    return value;
  });
  await assert.rejects(until(() => answered, { deadline: 200 }));
  server.resume();
  assert.equal(await answer, 'v');
  server.pause();
  await server.stop();
  assert.equal(alive(server.pid), false);
});

test('a server that cannot start says why', async () => {
  await assert.rejects(startServer({ args: ['--no-such-option', '1'] }), /no-such-option/);
});

test('a password and a unix socket work', async () => {
  const server = await startServer({ requirepass: 'pass-word', unixSocket: true });
  assert.equal(await server.client().ping(), 'PONG');
  const other = server.client({ host: undefined, port: undefined, path: server.socketPath });
  assert.equal(await other.ping(), 'PONG');
  await assert.rejects(server.client({ password: undefined }).ping(), /NOAUTH/);
  await server.stop();
});

for (const flavour of [undefined, 'redis-6']) {
  test(`the least rights of admin and worker hold on ${flavour || 'the default server'}`, async (t) => {
    const found = await findServer({ flavour, preferValkey: true }).catch((error) => t.skip(error.message));
    if (!found) {
      return;
    }
    const { version } = found;
    const server = await startServer({
      flavour,
      users: [adminLine('nr:', 'a-secret', { version }), workerLine('nr:', 'w-secret', { version })]
    });
    const admin = server.client({ username: 'admin', password: 'a-secret' });
    const worker = server.client({ username: 'worker', password: 'w-secret' });
    const subscriber = server.client({ username: 'worker', password: 'w-secret' });
    await subscriber.subscribe('nr:flows:updated');
    const heard = new Promise((resolve) => subscriber.once('message', (_channel, text) => resolve(text)));
    await admin.multi().set('nr:flows', '[]').publish('nr:flows:updated', '1').exec();
    assert.equal(await heard, '1');
    assert.equal(await worker.getrange('nr:flows', 0, -1), '[]');
    assert.equal((await worker.multi().getrange('nr:flows', 0, -1).exec())[0][1], '[]');
    const refused = /NOPERM/;
    await assert.rejects(admin.set('other:flows', '[]'), refused);
    await assert.rejects(admin.flushall(), refused);
    await assert.rejects(worker.set('nr:flows', '[1]'), refused);
    await assert.rejects(worker.del('nr:flows'), refused);
    await assert.rejects(worker.getrange('other:flows', 0, -1), refused);
    for (const key of ['sessions', 'lease', 'backup:1']) {
      await assert.rejects(worker.getrange(`nr:${key}`, 0, -1), refused);
    }
    await assert.rejects(worker.publish('nr:flows:updated', '2'), refused);
    await assert.rejects(subscriber.subscribe('other:flows:updated'), refused);
    await server.stop();
  });
}

test('the proxy cuts, holds back and resumes', async () => {
  const server = await startServer();
  const proxy = await startProxy(server);
  const client = server.client({ port: proxy.port });
  let closes = 0;
  client.on('close', () => {
    closes += 1;
  });
  await client.set('k', '1');

  proxy.blackhole();
  let answered = false;
  const held = client.incr('k').then((value) => {
    answered = true;
    return value;
  });
  await assert.rejects(until(() => answered, { deadline: 200 }));
  assert.equal(closes, 0);
  proxy.resume();
  assert.equal(await held, 2);

  proxy.cut();
  await until(() => closes > 1, { deadline: 3000, message: 'refused reconnection' });
  proxy.resume();
  assert.equal(await client.incr('k'), 3);

  const before = closes;
  proxy.drop();
  await until(() => closes === before + 1, { deadline: 3000, message: 'dropped connection' });
  assert.equal(await client.incr('k'), 4);
  await proxy.close();
  await server.stop();
});

test('Node-RED runs with given flows and settings, is deployed to, restarted and stopped', async () => {
  const red = await startNodeRed({
    flows: valueFlow('one'),
    settings: {
      credentialSecret: 'test',
      functionGlobalContext: {
        shorthand(x) {
          return x + 1;
        },
        arrow: (x) => x + 2,
        head: raw('fromHead')
      }
    },
    settingsHead: 'const fromHead = 40 + 2;'
  });
  assert.equal((await red.http('/value')).text, 'one');
  const { functionGlobalContext } = require(red.settingsFile);
  assert.equal(functionGlobalContext.shorthand(1), 2);
  assert.equal(functionGlobalContext.arrow(1), 3);
  assert.equal(functionGlobalContext.head, 42);

  const { rev } = await red.deploy(valueFlow('two'));
  await until(async () => (await red.http('/value')).text === 'two', { message: "answer 'two'" });
  assert.equal((await red.getFlows()).rev, rev);
  await assert.rejects(red.deploy(valueFlow('three'), { rev: 'of-another-time' }), { status: 409 });

  const first = red.pid;
  await red.restart();
  assert.notEqual(red.pid, first);
  assert.equal((await red.http('/value')).text, 'two');
  assert.ok((await red.stop()) > 0);
  assert.equal(alive(red.pid), false);
});

test('what a killed run leaves in the temporary folder is removed by the next', async () => {
  const support = path.join(__dirname, 'temp-dir.js');
  const run = (then) => {
    const script = `const { tempDir } = require(process.argv[1]); console.log(tempDir('kept')); ${then}`;
    return spawn(process.execPath, ['-e', script, support], { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const folder = async (child) => {
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    await until(() => printed.endsWith('\n'), { message: 'the folder' });
    return printed.trim();
  };
  const gone = (child) => until(() => child.exitCode !== null || child.signalCode !== null, { message: 'its end' });
  const killed = run('setInterval(() => {}, 1000)');
  const living = run('setInterval(() => {}, 1000)');
  try {
    const [left, used] = [await folder(killed), await folder(living)];
    killed.kill('SIGKILL');
    await gone(killed);
    assert.ok(fs.existsSync(left));
    await gone(run(''));
    assert.ok(!fs.existsSync(left));
    assert.ok(fs.existsSync(used), 'one that is in use stays');
  } finally {
    killed.kill('SIGKILL');
    living.kill('SIGTERM');
    await gone(living);
  }
});

test('no process outlives the run that started it, even one that is killed', async () => {
  const dir = tempDir('stray');
  const script = path.join(dir, 'run.js');
  const report = path.join(dir, 'pids');
  fs.writeFileSync(
    script,
    `
    const { startServer } = require(${JSON.stringify(path.join(__dirname, 'server.js'))});
    startServer().then((server) => {
      require('node:fs').writeFileSync(${JSON.stringify(report)}, String(server.pid));
      setInterval(() => {}, 1000);
    });
  `
  );
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    fs.rmSync(report, { force: true });
    const run = spawn(process.execPath, [script], { stdio: 'ignore', env: { ...process.env, TMPDIR: dir } });
    const pid = await until(() => fs.existsSync(report) && Number(fs.readFileSync(report, 'utf8')), {
      message: 'server of the other run'
    });
    assert.equal(alive(pid), true);
    run.kill(signal);
    await until(() => !alive(pid), { deadline: 10_000, message: `end of the server after ${signal}` });
  }
});
