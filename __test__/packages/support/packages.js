'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * The code of a node type that records its starts, closes and messages with the version of its
 * package. Its file keeps one more file, so that a half-loaded version shows.
 */
function nodeFile({ types, before = '', inside = '', isAsync = false }) {
  return `'use strict';
const version = require('./version.js');
${before}
module.exports = ${isAsync ? 'async ' : ''}function (RED) {
  ${inside}
  for (const type of ${JSON.stringify(types)}) {
    RED.nodes.registerType(type, function (config) {
      RED.nodes.createNode(this, config);
      const tell = (event) => globalThis.reloadProbe.push({ event, id: this.id, version, value: config.value, secret: this.credentials && this.credentials.secret });
      tell('start');
      this.on('input', (msg, send, done) => { tell('input'); send(msg); done(); });
      this.on('close', () => tell('close'));
    }, type.endsWith('-secret') ? { credentials: { secret: { type: 'password' } } } : undefined);
  }
};
`;
}

function htmlFile(types) {
  return types
    .map(
      (
        type
      ) => `<script type="text/javascript">RED.nodes.registerType('${type}', { category: 'test', defaults: {} });</script>
<script type="text/html" data-template-name="${type}"></script>`
    )
    .join('\n');
}

/**
 * Puts a package where npm would, and into the user directory's package.json.
 *
 * @param {string} userDir
 * @param {object} options
 * @param {Object<string, string[] | object>} [options.sets] types of each set, or the options of `nodeFile`
 * @param {object} [options.manifest] more for its package.json
 * @param {Object<string, string>} [options.files] more files
 */
function installPackage(userDir, { name, version = '1.0.0', sets = {}, manifest = {}, files = {} }) {
  const folder = path.join(userDir, 'node_modules', ...name.split('/'));
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const nodes = {};
  for (const [set, given] of Object.entries(sets)) {
    const options = Array.isArray(given) ? { types: given } : given;
    nodes[set] = `${set}.js`;
    fs.writeFileSync(path.join(folder, `${set}.js`), nodeFile(options));
    fs.writeFileSync(path.join(folder, `${set}.html`), htmlFile(options.types));
  }
  fs.writeFileSync(path.join(folder, 'version.js'), `module.exports = '${version}';\n`);
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  const nodeRed = Object.keys(nodes).length > 0 ? { 'node-red': { nodes } } : {};
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version, ...nodeRed, ...manifest }));
  changeDependencies(userDir, (dependencies) => {
    dependencies[name] = version;
  });
  return { name, version, from: null };
}

/** Leaves a package on disk as one that only others need. */
function hidePackage(userDir, name) {
  changeDependencies(userDir, (dependencies) => {
    delete dependencies[name];
  });
}

/** What npm's uninstall leaves: nothing. */
function uninstallPackage(userDir, name) {
  fs.rmSync(path.join(userDir, 'node_modules', ...name.split('/')), { recursive: true, force: true });
  changeDependencies(userDir, (dependencies) => {
    delete dependencies[name];
  });
}

function changeDependencies(userDir, change) {
  const file = path.join(userDir, 'package.json');
  const manifest = fs.existsSync(file)
    ? JSON.parse(fs.readFileSync(file, 'utf8'))
    : { name: 'node-red-project', version: '0.0.1' };
  manifest.dependencies = manifest.dependencies || {};
  change(manifest.dependencies);
  fs.writeFileSync(file, JSON.stringify(manifest));
}

module.exports = { hidePackage, installPackage, uninstallPackage };
