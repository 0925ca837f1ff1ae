'use strict';

// Node-RED's local storage, as far as an admin uses it: the same files, and the same answer where
// a file is missing, empty or broken. local-storage.test.js holds it to the real one.

const fs = require('node:fs');
const path = require('node:path');

const { backupOf } = require('../../../lib/admin/disk-files');

const SECTIONS = ['nodes', 'users', 'projects', 'modules'];

function parsed(text) {
  return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}

/** What Node-RED makes of a file: an empty one is restored from its backup, a broken one is as if empty. */
function readOr(nothing, file, backup) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return nothing;
  }
  if (text === '') {
    if (!fs.existsSync(backup) || fs.statSync(backup).size === 0) {
      return nothing;
    }
    fs.copyFileSync(backup, file);
    return readOr(nothing, file, backup);
  }
  try {
    return parsed(text);
  } catch {
    return nothing;
  }
}

function write(file, value, backup) {
  if (backup && fs.existsSync(file)) {
    fs.copyFileSync(file, backup);
  }
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.$$$`, JSON.stringify(value));
  fs.renameSync(`${file}.$$$`, file);
}

/**
 * @param {object} options
 * @param {string} options.userDir with its flow file `flows.json`
 * @param {{ name: string, credentialSecret?: string | false, files?: { flows: string, credentials: string } }} [options.project]
 *   the active one; a name and no more until flows are read, as Node-RED has it
 */
function createLocalStorage({ userDir, project }) {
  let isProjectLoaded = false;
  const calls = [];
  const failing = {};

  const files = () =>
    project?.files || { flows: path.join(userDir, 'flows.json'), credentials: path.join(userDir, 'flows_cred.json') };
  const sections = {}; // text as it was read or written last: nothing else is written

  const readSection = (section) => {
    const file = path.join(userDir, `.config.${section}.json`);
    const value = readOr({}, file, `${file}.backup`);
    sections[section] = JSON.stringify(value);
    return value;
  };

  const writeSection = (section, value) => {
    const file = path.join(userDir, `.config.${section}.json`);
    if (sections[section] !== JSON.stringify(value)) {
      sections[section] = JSON.stringify(value);
      write(file, value, `${file}.backup`);
    }
  };

  const methods = {
    getFlows() {
      isProjectLoaded = true;
      const { flows } = files();
      return readOr([], flows, backupOf(flows));
    },
    getCredentials() {
      const { credentials } = files();
      return readOr({}, credentials, backupOf(credentials));
    },
    saveFlows(flows) {
      write(files().flows, flows, backupOf(files().flows));
    },
    saveCredentials(credentials) {
      write(files().credentials, credentials, backupOf(files().credentials));
    },
    getSettings() {
      const found = readSection('runtime');
      for (const section of SECTIONS) {
        const value = readSection(section);
        if (Object.keys(value).length > 0) {
          found[section] = value;
        }
      }
      return found;
    },
    saveSettings(settings) {
      for (const section of SECTIONS) {
        writeSection(section, settings[section] || {});
        delete settings[section]; // as Node-RED does with what it is given
      }
      writeSection('runtime', settings);
    }
  };

  const local = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      async (...given) => {
        calls.push(name);
        if (failing[name]) {
          throw failing[name];
        }
        return method(...given);
      }
    ])
  );
  local.projects = {
    getActiveProject() {
      if (!project || !isProjectLoaded) {
        return project?.name;
      }
      const { name, credentialSecret } = project;
      return {
        name,
        credentialSecret,
        getFlowFile: () => files().flows,
        getCredentialsFile: () => files().credentials
      };
    }
  };
  // `calls`: names in their order; `failing`: an error by the name of the method that is to reject with it.
  return Object.assign(local, { calls, failing });
}

module.exports = { createLocalStorage };
