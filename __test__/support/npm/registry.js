'use strict';

// A package registry of the test's own on 127.0.0.1, as far as `npm install` asks one.

const http = require('node:http');
const { writeNpmrc } = require('./runs.js');
const { packFiles } = require('./tarball.js');

const HOST = '127.0.0.1';
const EVERYTHING = '*';

/** The editor's part of a type; without it an admin does not learn of the type. */
function editorPart(type) {
  return `<script type="text/javascript">
RED.nodes.registerType(${JSON.stringify(type)}, {
  category: 'function', color: '#ddd', defaults: { name: { value: '' } }, inputs: 1, outputs: 1, label: ${JSON.stringify(type)}
});
</script>
<script type="text/html" data-template-name="${type}"></script>
`;
}

/** Files and `node-red` part of a package for its node types: `{ <type>: <source> }`. */
function nodeFiles(nodeTypes) {
  const files = {};
  const nodes = {};
  for (const [type, source] of Object.entries(nodeTypes)) {
    nodes[type] = `${type}.js`;
    files[`${type}.js`] = source;
    files[`${type}.html`] = editorPart(type);
  }
  return { files, nodes };
}

class PackageServer {
  constructor() {
    /** name → Map of version → { manifest, tarball } */
    this.packages = new Map();
    this.tags = new Map();
    this.held = new Map();
    this.broken = new Map();
    this.gates = new Map();
    /** What was asked for: `{ kind: 'packument' | 'tarball', name, version }`. */
    this.requests = [];
    this.sockets = new Set();
  }

  async start() {
    this.listener = http.createServer((request, response) => {
      this.answer(request, response).catch((error) => {
        response.writeHead(500).end(error.message);
      });
    });
    this.listener.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => {
      this.listener.once('error', reject);
      this.listener.listen(0, HOST, resolve);
    });
    this.listener.unref();
    this.url = `http://${HOST}:${this.listener.address().port}/`;
    return this;
  }

  /**
   * Publishes a version; `latest` is what was published last unless `tag` says otherwise.
   *
   * @param {object} wish besides these, anything that belongs into package.json
   * @param {string} wish.name
   * @param {string} wish.version
   * @param {Record<string, string | Buffer>} [wish.files]
   * @param {Record<string, string>} [wish.nodeTypes] node types and the source of each
   * @param {string} [wish.tag]
   */
  publish({ name, version, files = {}, nodeTypes, tag = 'latest', ...manifest }) {
    const nodes = nodeTypes && nodeFiles(nodeTypes);
    const content = {
      name,
      version,
      description: 'a package of a test',
      ...(nodes ? { keywords: ['node-red'], 'node-red': { nodes: nodes.nodes } } : {}),
      ...manifest
    };
    const { tarball, integrity, shasum } = packFiles({
      'package.json': `${JSON.stringify(content, null, 2)}\n`,
      ...files,
      ...nodes?.files
    });
    const versions = this.packages.get(name) || new Map();
    versions.set(version, {
      tarball,
      manifest: {
        ...content,
        _id: `${name}@${version}`,
        hasInstallScript: Boolean(
          content.scripts?.preinstall || content.scripts?.install || content.scripts?.postinstall
        ),
        dist: { integrity, shasum, tarball: `${this.url}-/tarball/${encodeURIComponent(name)}/${version}.tgz` }
      }
    });
    this.packages.set(name, versions);
    this.tags.set(name, { ...this.tags.get(name), [tag]: version });
    return { name, version };
  }

  /** Forgets a version, or the whole package. */
  unpublish(name, version) {
    const versions = this.packages.get(name);
    if (version !== undefined && versions) {
      versions.delete(version);
      const tags = Object.entries(this.tags.get(name)).filter(([, tagged]) => tagged !== version);
      const [last] = [...versions.keys()].slice(-1);
      this.tags.set(name, { ...(last ? { latest: last } : {}), ...Object.fromEntries(tags) });
    }
    if (version === undefined || versions?.size === 0) {
      this.packages.delete(name);
      this.tags.delete(name);
    }
  }

  /**
   * Holds back every answer about this package (`'*'`: about any), for `ms` each; without `ms`
   * until the function that it returns is called.
   *
   * @param {string} name
   * @param {number} [ms]
   * @param {object} [options]
   * @param {'packument' | 'tarball'} [options.kind] hold back answers of this kind only
   * @param {boolean} [options.half] send the first half of a tarball before
   */
  slow(name, ms, { kind, half } = {}) {
    let release;
    const released = new Promise((resolve) => {
      release = () => {
        this.held.delete(name);
        resolve();
      };
    });
    const wait =
      ms === undefined
        ? () => released
        : () =>
            new Promise((resolve) => {
              const timer = setTimeout(resolve, ms);
              void released.then(() => {
                clearTimeout(timer);
                resolve();
              });
            });
    this.held.set(name, { kind, half, wait });
    return release;
  }

  /** Answers questions about this package (`'*'`: about any) with a status, until the function that it returns is called. */
  failing(name, status = 503) {
    this.broken.set(name, status);
    return () => this.broken.delete(name);
  }

  /** Something for an install script to wait at: `arrived` when one does, who wait until `open()`. */
  gate(name) {
    const gate = { url: `${this.url}-/gate/${encodeURIComponent(name)}` };
    gate.arrived = new Promise((resolve) => {
      gate.arrive = resolve;
    });
    gate.opened = new Promise((resolve) => {
      gate.open = resolve;
    });
    this.gates.set(name, gate);
    return gate;
  }

  /** How often this was asked for. */
  count(kind, name) {
    return this.requests.filter((request) => request.kind === kind && request.name === name).length;
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    const gate = /^\/-\/gate\/([^/]+)$/.exec(pathname);
    if (gate) {
      const { arrive, opened } = this.gates.get(decodeURIComponent(gate[1]));
      arrive();
      await opened;
      response.end();
      return;
    }
    const tarball = /^\/-\/tarball\/([^/]+)\/([^/]+)\.tgz$/.exec(pathname);
    const kind = tarball ? 'tarball' : 'packument';
    const name = decodeURIComponent(tarball ? tarball[1] : pathname.slice(1));
    const version = tarball ? decodeURIComponent(tarball[2]) : undefined;
    this.requests.push({ kind, name, version });
    for (const hold of [this.held.get(name), this.held.get(EVERYTHING)]) {
      if (hold && (!hold.kind || hold.kind === kind)) {
        if (hold.half && tarball) {
          this.sendHalf(response, name, version);
        }
        await hold.wait();
      }
    }
    const status = this.broken.get(name) || this.broken.get(EVERYTHING);
    if (status) {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end('{"error":"out of order"}');
    } else if (tarball) {
      this.sendTarball(response, name, version);
    } else {
      this.sendPackument(response, name);
    }
  }

  /** Begins what `sendTarball` ends. */
  sendHalf(response, name, version) {
    const { tarball } = this.packages.get(name).get(version);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': tarball.length });
    response.sent = tarball.length >> 1;
    response.write(tarball.subarray(0, response.sent));
  }

  sendTarball(response, name, version) {
    const found = this.packages.get(name)?.get(version);
    if (found && response.sent) {
      response.end(found.tarball.subarray(response.sent));
    } else if (found) {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(found.tarball);
    } else {
      response.writeHead(404).end();
    }
  }

  sendPackument(response, name) {
    const versions = this.packages.get(name);
    if (!versions) {
      response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"error":"Not found"}');
      return;
    }
    const text = JSON.stringify({
      _id: name,
      name,
      'dist-tags': this.tags.get(name),
      versions: Object.fromEntries([...versions].map(([version, { manifest }]) => [version, manifest]))
    });
    // Asked anew each time: a version that is published later is seen at once.
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' }).end(text);
  }

  /** Makes npm ask this server when it runs in the folder; see npm-runs.js. */
  npmrc(dir, lines) {
    return writeNpmrc(dir, [`registry=${this.url}`, ...(lines || [])]);
  }

  async close() {
    for (const { open } of this.gates.values()) {
      open();
    }
    const closed = new Promise((resolve) => this.listener.close(resolve));
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await closed;
  }
}

/** Starts a package server without any package, on a port that the system hands out. */
function startPackageServer() {
  return new PackageServer().start();
}

module.exports = { startPackageServer };
