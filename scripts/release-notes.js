'use strict';

// node scripts/release-notes.js [1.2.3]    what CHANGELOG.md says of this version, or of that one

const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../package.json');

const CHANGELOG = path.join(__dirname, '..', 'CHANGELOG.md');

/** The text below the heading of a version, up to the next one. */
function releaseNotes(wanted, text = fs.readFileSync(CHANGELOG, 'utf8')) {
  const parts = text.split(/^## /m);
  const part = parts.find((section) => section.startsWith(`[${wanted}]`));
  if (!part) {
    throw new Error(`CHANGELOG.md has no heading for ${wanted}`);
  }
  return `${part.slice(part.indexOf('\n')).trim()}\n`;
}

module.exports = { releaseNotes };

if (require.main === module) {
  process.stdout.write(releaseNotes(process.argv[2] || version));
}
