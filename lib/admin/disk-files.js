'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** @import { LocalStorage, Project, Settings } from '../types/node-red' */

/**
 * A Project that Node-RED has not loaded yet is no more than a name.
 *
 * @typedef {Project | { name: string, loaded: false, credentialSecret?: undefined }} ActiveProject
 */

/** @typedef {{ flows: string, credentials: string }} Paths */

/**
 * What a JSON file holds, or the reason why it can't be used; `detail` continues a sentence that begins with its name.
 *
 * @typedef {{ state: 'ok', value: any, detail?: undefined }
 *   | { state: 'missing' | 'empty' | 'unreadable' | 'broken', detail: string, value?: undefined }} Inspected
 */

/** @typedef {ReturnType<typeof createDiskFiles>} DiskFiles */

/**
 * Where Node-RED's local storage keeps flows and credentials, by its own rules
 * (`localfilesystem/projects/index.js`), and what state the files are in. Local storage reads a
 * file that is missing, empty or broken as an empty one; only the raw file tells the difference.
 *
 * @param {Settings} settings
 * @param {Pick<LocalStorage, 'projects'>} local
 */
function createDiskFiles(settings, local) {
  const defaults = defaultFiles(settings);

  /**
   * The active Project: `{ name, credentialSecret }`, or null.
   *
   * @returns {ActiveProject | null}
   */
  const activeProject = () => {
    const enabled = settings.editorTheme && settings.editorTheme.projects && settings.editorTheme.projects.enabled;
    const project = enabled ? local.projects.getActiveProject() : undefined;
    if (!project) {
      return null;
    }
    // Until the first load it is no more than a name.
    return typeof project === 'string' ? { name: project, loaded: false } : project;
  };

  /**
   * Paths of the files that the next load reads; null when a Project does not tell yet.
   *
   * @returns {Promise<Paths | null>}
   */
  const current = async () => {
    const project = activeProject();
    if (!project) {
      return defaults;
    }
    if (project.loaded !== false) {
      const flows = project.getFlowFile();
      return flows ? projectFiles(flows, project.getCredentialsFile()) : null;
    }
    const root = settings.editorTheme?.projects?.path || path.join(settings.userDir, 'projects');
    return filesOfUnloadedProject(path.resolve(root, project.name));
  };

  return { activeProject, current };
}

/** @param {Settings} settings */
function defaultFiles(settings) {
  const name = settings.flowFile || `flows_${os.hostname()}.json`;
  let flows;
  if (path.isAbsolute(name)) {
    flows = name;
  } else if (name.startsWith('./') || (settings.flowFile && fs.existsSync(path.join(process.cwd(), name)))) {
    flows = path.join(process.cwd(), name);
  } else {
    flows = path.join(settings.userDir, name);
  }
  const extension = path.extname(flows);
  const base = path.basename(flows, extension);
  return projectFiles(flows, path.join(settings.userDir, `${base}_cred${extension}`));
}

/**
 * @param {string} flows
 * @param {string} credentials
 * @returns {Paths}
 */
function projectFiles(flows, credentials) {
  return { flows, credentials };
}

/** @param {string} directory */
async function filesOfUnloadedProject(directory) {
  try {
    const manifest = JSON.parse(await fs.promises.readFile(path.join(directory, 'package.json'), 'utf8'));
    const named = manifest['node-red'].settings;
    return projectFiles(path.join(directory, named.flowFile), path.join(directory, named.credentialsFile));
  } catch {
    return null;
  }
}

/**
 * Node-RED's own backup of a file: `.name.backup` beside it.
 *
 * @param {string} file
 */
function backupOf(file) {
  return path.join(path.dirname(file), `.${path.basename(file)}.backup`);
}

/**
 * Reads a JSON file.
 *
 * @param {string} file
 * @param {(value: unknown) => boolean} isRightShape
 * @returns {Promise<Inspected>}
 */
async function inspect(file, isRightShape) {
  let text;
  try {
    text = await fs.promises.readFile(file, 'utf8');
  } catch (error) {
    return error.code === 'ENOENT'
      ? { state: 'missing', detail: 'is missing' }
      : { state: 'unreadable', detail: `can't be read (${error.code})` };
  }
  if (text.trim() === '') {
    return { state: 'empty', detail: 'is empty' };
  }
  try {
    const value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return isRightShape(value) ? { state: 'ok', value } : { state: 'broken', detail: 'does not hold what it should' };
  } catch {
    return { state: 'broken', detail: 'is not whole JSON' };
  }
}

/**
 * Tells one written state of a file from another; null when it is not there.
 *
 * @param {string} file
 */
async function stamp(file) {
  try {
    const { ino, mtimeMs, size } = await fs.promises.stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return null;
  }
}

/**
 * Tells one content of a file from another; an error code when it can't be read.
 *
 * @param {string} file
 * @returns {Promise<string>}
 */
async function fingerprint(file) {
  try {
    return crypto
      .createHash('sha256')
      .update(await fs.promises.readFile(file))
      .digest('hex');
  } catch (error) {
    return error.code;
  }
}

/** @param {string} file */
const asideOf = (file) => `${file}.damaged`;

/**
 * Moves a damaged file (or what stands in its place) out of the way, to `name.damaged`. Node-RED
 * copies a file over its backup before it writes, and would lose the good one to the broken one.
 *
 * @param {string} file
 */
async function setAside(file) {
  const aside = asideOf(file);
  await fs.promises.rm(aside, { recursive: true, force: true });
  await fs.promises.rename(file, aside);
}

/** @param {unknown} value */
const isFlows = (value) => Array.isArray(value);

module.exports = {
  asideOf,
  backupOf,
  createDiskFiles,
  fingerprint,
  inspect,
  isFlows,
  setAside,
  stamp
};
