'use strict';

// What tests publish on a package server (see package-server.js): each gives what `publish` takes.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/** The name without its scope. */
const bareName = (name) => name.replace(/^@[^/]+\//, '');

/** Source of a node that answers every message with this text. */
function answeringSource(type, text) {
  return `'use strict';

module.exports = (RED) => {
  function Answering(config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      send({ ...msg, payload: ${JSON.stringify(text)} });
      done();
    });
  }
  RED.nodes.registerType(${JSON.stringify(type)}, Answering);
};
`;
}

/** A package whose nodes answer with its version; by default its one type is its bare name. */
function answering(name, version, { types = [bareName(name)], ...manifest } = {}) {
  const nodeTypes = Object.fromEntries(types.map((type) => [type, answeringSource(type, version)]));
  return { name, version, nodeTypes, ...manifest };
}

/** A package without node types; what it exports tells its version. */
function library(name, version, manifest = {}) {
  return {
    name,
    version,
    main: 'index.js',
    ...manifest,
    files: { 'index.js': `exports.version = ${JSON.stringify(version)};\n`, ...manifest.files }
  };
}

/** An answering package whose install script fails with these words. */
function failingScript(name, version, words) {
  return answering(name, version, {
    files: { 'install.js': `console.error(${JSON.stringify(words)});\nprocess.exitCode = 3;\n` },
    scripts: { install: 'node install.js' }
  });
}

/**
 * An answering package whose install script ends well once `gate` is opened (see
 * package-server.js), and then leaves a file `ran` beside it.
 */
function waitingScript(name, version, gate) {
  return answering(name, version, {
    files: {
      'install.js': `require('node:http').get(${JSON.stringify(gate.url)}, (response) => {
  response.resume();
  response.on('end', () => require('node:fs').writeFileSync('ran', ''));
}).on('error', () => {
  process.exitCode = 4;
});
`
    },
    scripts: { install: 'node install.js' }
  });
}

/** An answering package whose install script leaves a file `ran` beside it. */
function markingScript(name, version) {
  return answering(name, version, {
    files: { 'install.js': "require('node:fs').writeFileSync('ran', '');\n" },
    scripts: { install: 'node install.js' }
  });
}

/** An answering package of more than a megabyte, whose nodes come last in its tarball. */
function large(name, version) {
  return answering(name, version, { files: { 'ballast.bin': crypto.randomBytes(2 << 20) } });
}

/** A small native addon that Node-RED brings along. */
function addonFile() {
  const scope = path.join(path.dirname(require.resolve('@node-rs/bcrypt/package.json')), '..');
  for (const folder of fs.readdirSync(scope)) {
    const dir = path.join(scope, folder);
    const file = fs.readdirSync(dir).find((name) => name.endsWith('.node'));
    if (file) {
      return fs.readFileSync(path.join(dir, file));
    }
  }
  throw new Error('Node-RED came without a native addon');
}

/** An answering package that loads a native addon. */
function nativeAddon(name, version) {
  const type = bareName(name);
  const source = `require('./native.node');\n${answeringSource(type, version)}`;
  return { name, version, nodeTypes: { [type]: source }, files: { 'native.node': addonFile() } };
}

/** An answering package whose node loads an ES module of its own, and takes the answer from there. */
function esModule(name, version) {
  const type = bareName(name);
  const source = `'use strict';

module.exports = (RED) => {
  function Answering(config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      import('./answer.mjs').then(({ answer }) => {
        send({ ...msg, payload: answer });
        done();
      }, done);
    });
  }
  RED.nodes.registerType(${JSON.stringify(type)}, Answering);
};
`;
  return {
    name,
    version,
    nodeTypes: { [type]: source },
    files: { 'answer.mjs': `export const answer = ${JSON.stringify(version)};\n` }
  };
}

module.exports = {
  answering,
  answeringSource,
  bareName,
  esModule,
  failingScript,
  large,
  library,
  markingScript,
  nativeAddon,
  waitingScript
};
