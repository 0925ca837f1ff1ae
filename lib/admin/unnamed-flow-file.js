'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { stamp } = require('./disk-files');
const { inStateDir } = require('./state-dir');

/**
 * @import { Log } from '../types/core'
 * @import { Settings } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 */

/** What Node-RED names a flow file for which settings.js has no name; with credentials beside it. */
const NAMED_AFTER_A_HOST = /^flows_(?!.*_cred\.json$).+\.json$/;

/**
 * Says at a start what comes of settings.js without `flowFile`: the file is named after the host, and
 * under another host name, as that of a container that is made anew, it is not found again.
 *
 * @param {object} params
 * @param {Pick<Settings, 'flowFile' | 'userDir'>} params.settings
 * @param {Pick<DiskFiles, 'activeProject' | 'current'>} params.files
 * @param {Log} params.log
 */
async function tellUnnamedFlowFile({ settings, files, log }) {
  const paths = settings.flowFile || files.activeProject() ? null : await files.current();
  if (!paths) {
    return;
  }
  const userDir = path.resolve(settings.userDir);
  const own = path.basename(paths.flows);
  const others = await othersIn(userDir, own);
  const [other] = others;
  if (others.length === 1 && !(await stamp(paths.flows)) && (await stamp(inStateDir(userDir, '')))) {
    log.warn(
      `${own} is missing, and ${other} is there: 'flowFile' is not set, so the file is named after the host, whose name has changed. To go on with those flows, rename it and its credentials to flows.json and flows_cred.json, set flowFile: 'flows.json' in settings.js, and restart`
    );
    return;
  }
  log.warn(
    `'flowFile' is not set in settings.js, so flows are in ${own}, named after this host: under another host name they are not found. Rename it and its credentials to flows.json and flows_cred.json, and set flowFile: 'flows.json'`
  );
}

/**
 * @param {string} userDir
 * @param {string} own
 */
async function othersIn(userDir, own) {
  const names = await fs.promises.readdir(userDir).catch(() => []);
  return names.filter((name) => name !== own && NAMED_AFTER_A_HOST.test(name));
}

module.exports = { tellUnnamedFlowFile };
