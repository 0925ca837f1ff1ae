'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { npmTool } = require('../../../scripts/npm-tools.js');
const { spawnOwned } = require('../../support/own-processes.js');
const { freePort } = require('../../support/port.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const HOST = '127.0.0.1';
const DEADLINE = 60_000;

/**
 * What the environment tells package managers of this machine is left out, and that it is one of
 * GitHub's: nothing is proved to this registry.
 */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_|pnpm_|yarn_|NODE_TEST_|NODE_OPTIONS$|NODE_ENV$|INIT_CWD$|GITHUB_|ACTIONS_|(https?|all)_proxy$)/i.test(
          name
        )
    )
  );
}

/** A registry on this machine that holds what anybody publishes to it, and nothing else. */
class Registry {
  constructor() {
    this.dir = tempDir('registry');
  }

  get url() {
    return `http://${HOST}:${this.port}/`;
  }

  /** The environment in which a package manager knows this registry alone. */
  get env() {
    return {
      ...cleanEnvironment(),
      HOME: path.join(this.dir, 'home'),
      XDG_CONFIG_HOME: path.join(this.dir, 'home', 'config'),
      npm_config_userconfig: path.join(this.dir, 'npmrc'),
      npm_config_globalconfig: path.join(this.dir, 'no-npmrc'),
      npm_config_cache: path.join(this.dir, 'npm-cache'),
      npm_config_registry: this.url,
      npm_config_update_notifier: 'false',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      NO_PROXY: HOST
    };
  }

  writeConfig() {
    const rights = { access: '$all', publish: '$all', unpublish: '$all' };
    // YAML takes JSON.
    fs.writeFileSync(
      path.join(this.dir, 'config.yaml'),
      JSON.stringify({
        storage: path.join(this.dir, 'storage'),
        web: { enable: false },
        auth: { htpasswd: { file: path.join(this.dir, 'htpasswd') } },
        uplinks: {},
        packages: { '**': rights },
        // A debug build is large.
        max_body_size: '500mb',
        log: { type: 'stdout', format: 'pretty', level: 'warn' }
      })
    );
    fs.mkdirSync(path.join(this.dir, 'home'));
  }

  async start() {
    const program = await npmTool('verdaccio');
    this.port = await freePort();
    this.writeConfig();
    this.log = '';
    this.child = spawnOwned(
      process.execPath,
      [program, '--config', path.join(this.dir, 'config.yaml'), '--listen', `${HOST}:${this.port}`],
      { cwd: this.dir, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] }
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.log += text;
      });
    }
    await until(async () => (await fetch(`${this.url}-/ping`)).ok, {
      deadline: DEADLINE,
      message: () => `answer from the registry, whose log is:\n${this.log}`
    });
    return this;
  }

  stop() {
    this.child.kill('SIGKILL');
  }

  /** What it tells of a version, as npm asks for it. */
  async manifest(name, version) {
    const answer = await fetch(this.url + name, { headers: { accept: 'application/vnd.npm.install-v1+json' } });
    return (await answer.json()).versions?.[version];
  }

  /** The versions that have tags, by tag; undefined for a package that it does not have. */
  async tags(name) {
    const answer = await fetch(this.url + name);
    return (await answer.json())['dist-tags'];
  }
}

async function startRegistry() {
  return new Registry().start();
}

module.exports = { startRegistry };
