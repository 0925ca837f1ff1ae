'use strict';

/**
 * Ends an instance and starts it again, with what is on its disk; when it was begun, as
 * performance.now() has it. It does not wait for more than that.
 */
async function startedAnew(instance) {
  await instance.stop();
  const began = performance.now();
  await instance.restart({ wait: false });
  return began;
}

module.exports = { startedAnew };
