'use strict';

// The table of what was tried together, for the terminal and docs/reliability.md.

const fs = require('node:fs');
const path = require('node:path');

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'reliability.md');
const BETWEEN = /(<!-- matrix: .*-->\n)[\s\S]*?(\n<!-- end of matrix -->)/;

const PRODUCTS = { redis: 'Redis', valkey: 'Valkey' };

/** The server of a result by its name, e.g. 'Redis 6.2.5'. */
function serverName({ server, versions }) {
  return `${PRODUCTS[server.split('-')[0]]} ${versions.server}`;
}

function cellOf(result) {
  if (!result) {
    return '';
  }
  if (result.refused) {
    return `(${result.refused})`;
  }
  const failed = result.failed.length > 0 ? `**failed:** ${result.failed.join(', ')}; ` : '';
  return `${failed}${serverName(result)}`;
}

const unique = (values) => [...new Set(values)];

/**
 * A row for each Node-RED, a column for each Node.js, and in the middle the server of that run.
 *
 * @param {{nodeRed: string, node: string, server: string, versions: {nodeRed: string, node: string,
 *   server: string}, failed: string[], refused?: string}[]} results `failed`: the parts that did;
 *   `refused`: why Node-RED does not run on this Node.js at all
 */
function tableOf(results) {
  const [rows, columns] = ['nodeRed', 'node'].map((kind) => unique(results.map(({ versions }) => versions[kind])));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const find = (nodeRed, node) =>
    results.find(({ versions }) => versions.nodeRed === nodeRed && versions.node === node);
  return [
    line(['Node-RED', ...columns.map((version) => `Node.js ${version}`)]),
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows.map((nodeRed) => line([nodeRed, ...columns.map((node) => cellOf(find(nodeRed, node)))]))
  ].join('\n');
}

/** Whether the document shows this table. */
function isShown(table) {
  return BETWEEN.exec(fs.readFileSync(DOCUMENT, 'utf8'))?.[0].includes(`\n${table}\n`) || false;
}

/** Puts the table into the document, between its two marks. */
function show(table) {
  const text = fs.readFileSync(DOCUMENT, 'utf8');
  if (!BETWEEN.test(text)) {
    throw new Error('docs/reliability.md has no marks for the matrix');
  }
  fs.writeFileSync(
    DOCUMENT,
    text.replace(BETWEEN, (_, begin, end) => `${begin}${table}${end}`)
  );
}

module.exports = { isShown, serverName, show, tableOf };
