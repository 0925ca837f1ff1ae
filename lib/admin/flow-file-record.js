'use strict';

const path = require('node:path');

const { isObject } = require('../is-object');
const { inspect, isFlows, stamp } = require('./disk-files');
const { inStateDir, writePrivately } = require('./state-dir');

/**
 * @import { Log } from '../types/core'
 * @import { Settings } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 */

const FILE = 'flow-file.json';

/**
 * Remembers which flow file is in use, outside Projects: when settings.js names another one that is
 * not there, while the one in use still is, nothing was lost.
 *
 * @param {object} params
 * @param {Settings} params.settings
 * @param {Pick<DiskFiles, 'activeProject' | 'current'>} params.files
 * @param {Log} params.log
 */
function createFlowFileRecord({ settings, files, log }) {
  const userDir = path.resolve(settings.userDir);
  const record = inStateDir(userDir, FILE);
  /** @type {string | null | undefined} */
  let known; // relative to the user directory, which may be moved or copied

  const read = async () => {
    if (known === undefined) {
      const found = await inspect(record, isObject);
      known = found.state === 'ok' && typeof found.value.flowFile === 'string' ? found.value.flowFile : null;
    }
    return known;
  };

  /** The flow file that Node-RED uses now, from the user directory; null while a Project is active. */
  const current = async () => {
    const paths = files.activeProject() ? null : await files.current();
    return paths && path.relative(userDir, paths.flows);
  };

  return {
    /**
     * The file that was used before, when it is whole and settings.js names another one now; null
     * otherwise. A name that Node-RED makes of the host's is no choice of anybody's.
     */
    async renamedFrom() {
      const [before, now] = [await read(), await current()];
      if (!before || !now || before === now || !settings.flowFile) {
        return null;
      }
      const file = path.resolve(userDir, before);
      return (await inspect(file, isFlows)).state === 'ok' ? file : null;
    },

    /** Whether this directory had a flow file before, outside Projects. */
    async isKnown() {
      return (await read()) !== null;
    },

    /** Flows have been read or saved: where they are is the file in use, if they are there. */
    async remember() {
      const now = await current();
      if (!now || now === (await read()) || !(await stamp(path.resolve(userDir, now)))) {
        return;
      }
      try {
        await writePrivately(record, JSON.stringify({ flowFile: now }));
        known = now;
      } catch (error) {
        log.debug(`a flowFile that is renamed would not be noticed: ${error.message}`);
      }
    }
  };
}

module.exports = { createFlowFileRecord };
