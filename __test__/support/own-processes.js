'use strict';

// Processes that a test run starts must not outlive it: not when it ends, not when it is
// interrupted, and not when it is killed itself.

const { spawn } = require('node:child_process');

const living = new Set();

/** Kills the process and everything it started; it leads a process group of its own. */
function killGroup(pid, signal) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') {
      throw error;
    }
  }
}

/**
 * A shell that waits for the end of its standard input, which comes when this process is gone,
 * even by SIGKILL. It is itself gone as soon as the process it watches has ended.
 */
function watch(child) {
  if (process.platform === 'win32') {
    return;
  }
  const watchdog = spawn('sh', ['-c', 'read _; kill -9 "-$0" 2>/dev/null', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  });
  watchdog.on('error', () => {});
  watchdog.stdin.on('error', () => {});
  watchdog.unref();
  watchdog.stdin.unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
}

/**
 * Starts a process that ends with this one. It does not hold this process open.
 *
 * @returns {import('node:child_process').ChildProcess}
 */
function spawnOwned(command, args, options) {
  const child = spawn(command, args, { ...options, detached: process.platform !== 'win32' });
  if (child.pid === undefined) {
    return child;
  }
  living.add(child.pid);
  child.once('exit', () => living.delete(child.pid));
  watch(child);
  child.unref();
  for (const stream of child.stdio) {
    stream?.unref?.();
  }
  return child;
}

function killAll() {
  for (const pid of living) {
    killGroup(pid, 'SIGKILL');
  }
}

process.on('exit', killAll);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  const end = () => {
    // Somebody else who listens stops things in an orderly way; 'exit' is there for the rest.
    if (process.listenerCount(signal) > 1) {
      return;
    }
    killAll();
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  process.on(signal, end);
}

module.exports = { spawnOwned, killGroup };
