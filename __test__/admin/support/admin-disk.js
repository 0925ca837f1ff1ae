'use strict';

// A user directory with what an admin has there, and the parts of `lib/admin` that all others need.

const fs = require('node:fs');
const path = require('node:path');

const { createDiskFiles } = require('../../../lib/admin/disk-files');
const { createSecrets } = require('../../../lib/admin/secrets');
const { createLogLines } = require('../../support/log-lines');
const { tempDir } = require('../../support/temp-dir');
const { createLocalStorage } = require('./local-storage');
const { createShownNotices } = require('./shown-notices');

/** Files below a folder, by their names there. */
class Disk {
  constructor(dir = tempDir('admin-disk')) {
    this.dir = dir;
  }

  path(name) {
    return path.join(this.dir, name);
  }

  /** Writes a text as it is, and anything else as JSON. */
  write(name, content) {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), typeof content === 'string' ? content : JSON.stringify(content));
  }

  /** The text of a file; null when there is none. */
  text(name) {
    return this.has(name) ? fs.readFileSync(this.path(name), 'utf8') : null;
  }

  json(name) {
    return JSON.parse(this.text(name));
  }

  has(name) {
    return fs.existsSync(this.path(name));
  }

  /** All files, our own among them, with '/' in their paths. */
  names() {
    return fs
      .readdirSync(this.dir, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.dir, path.join(entry.parentPath || entry.path, entry.name)))
      .map((name) => name.split(path.sep).join('/'))
      .sort();
  }
}

/**
 * @param {object} [options]
 * @param {object} [options.settings] of settings.js
 * @param {object} [options.stored] Node-RED's own settings, as they are loaded
 * @param {object} [options.project] the active one: see createLocalStorage
 */
function createAdminDisk({ settings: given, stored = {}, project } = {}) {
  const disk = new Disk();
  const { log, lines } = createLogLines();
  const local = createLocalStorage({ userDir: disk.dir, project });
  const settings = {
    userDir: disk.dir,
    flowFile: disk.path('flows.json'),
    ...(project ? { editorTheme: { projects: { enabled: true } } } : {}),
    ...given
  };
  const runtime = {
    settings: {
      available: () => true,
      get: (name) => stored[name],
      async set(name, value) {
        stored[name] = value;
      }
    }
  };
  const files = createDiskFiles(settings, local);
  const secrets = createSecrets(settings, runtime, files);
  return { disk, files, lines, local, log, runtime, secrets, settings, stored, ...createShownNotices() };
}

module.exports = { Disk, createAdminDisk };
