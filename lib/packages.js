'use strict';

const { excludedModules } = require('./palette/excluded');
const { npmCommand } = require('./palette/npm-command');
const { createNpmTurns } = require('./palette/npm-turns');
const { createPalette } = require('./palette');

/**
 * Packages beside Node-RED: the core installs and removes them on disk, and here the running
 * Node-RED is told of it. The same for both roles.
 *
 * `core()` gives the opened core; `reload` is a worker's.
 */
function createPackages({ core, settings, runtime, log, upgrade, reload }) {
  const palette = createPalette({ runtime, settings, log, upgrade, reload });
  let turns = null;

  /** What the core has to know, as JSON text. */
  const setup = () => {
    const { allowList, denyList } = (settings.externalModules && settings.externalModules.palette) || {};
    return JSON.stringify({
      npm: npmCommand(),
      allowList: Array.isArray(allowList) ? allowList.map(String) : null,
      denyList: Array.isArray(denyList) ? denyList.map(String) : null,
      excluded: excludedModules(settings)
    });
  };

  const synchronised = () => core() && core().palette();
  let turn = null; // one at a time has it
  const acquire = async () => {
    const given = await synchronised().acquireNpm();
    if (given === null) {
      throw new Error('npm has been busy for too long');
    }
    turn = given;
  };
  const release = () => {
    const given = turn;
    turn = null;
    const packages = synchronised();
    if (packages && given !== null) {
      packages.releaseNpm(given);
    }
  };

  const endNpm = () => {
    const packages = synchronised();
    if (packages) {
      packages.endNpm();
    }
  };

  return {
    /** To be called as soon as the core is open: npm must not outlive this process. */
    open() {
      process.on('exit', endNpm);
    },

    /**
     * Begins the synchronisation, and waits for the first within limits. `emptied`: an admin's user
     * directory has lost its packages. From here on Node-RED's own npm runs take turns with ours.
     */
    async atStart(emptied) {
      try {
        await (emptied === undefined ? core().packagesAtStart(setup()) : core().packagesAtStart(setup(), emptied));
      } catch (error) {
        log.error(`packages are not synchronised: ${error.message}`);
      }
      if (synchronised()) {
        turns = createNpmTurns({
          runtime,
          log,
          acquire,
          release,
          isSatisfied: (name, version) => synchronised().isInstalled(name, version)
        });
      }
    },

    /** Does what the core asks for with its event. */
    async onJob() {
      const packages = synchronised();
      const job = packages && packages.job();
      if (!job) {
        return;
      }
      let outcome = {};
      try {
        const { remove, load } = JSON.parse(job);
        outcome = remove ? await palette.remove(remove) : await palette.load(load);
      } catch (error) {
        log.error(`the palette could not be changed: ${error.message}`);
      }
      packages.jobDone(JSON.stringify(outcome));
    },

    close() {
      process.removeListener('exit', endNpm);
      if (turns) {
        turns.close();
      }
      palette.close();
    }
  };
}

module.exports = { createPackages };
