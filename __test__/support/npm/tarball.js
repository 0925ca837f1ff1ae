'use strict';

// A package as npm packs it: a gzip'd tar whose files lie below `package/`.

const crypto = require('node:crypto');
const zlib = require('node:zlib');

const BLOCK = 512;
const NAME_LIMIT = 100;

/** One field of a header: octal digits that end with a NUL. */
const octal = (value, width) => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** The ustar header of a file. */
function header(name, size, mode) {
  if (Buffer.byteLength(name) > NAME_LIMIT) {
    throw new Error(`'${name}' is too long for a header`);
  }
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  // The checksum is counted with blanks in its own place.
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\0' + '00', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
}

/**
 * @param {Record<string, string | Buffer>} files
 * @returns {{tarball: Buffer, integrity: string, shasum: string}}
 */
function packFiles(files) {
  const blocks = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK);
    blocks.push(header(`package/${name}`, bytes.length, 0o644), bytes, padding);
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  const tarball = zlib.gzipSync(Buffer.concat(blocks), { level: 1 });
  const digest = (algorithm, encoding) => crypto.createHash(algorithm).update(tarball).digest(encoding);
  return { tarball, integrity: `sha512-${digest('sha512', 'base64')}`, shasum: digest('sha1', 'hex') };
}

module.exports = { packFiles };
