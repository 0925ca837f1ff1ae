'use strict';

const fs = require('node:fs');
const path = require('node:path');

const DOCUMENT = path.join(__dirname, '..', '..', '..', 'docs', 'context.md');

/** What docs/context.md says to run when one comes from another store, in `sh` or `js`. */
function migrationRecipe(language) {
  const [, section] = fs.readFileSync(DOCUMENT, 'utf8').split('\n## Coming from another store\n');
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(section)[1];
}

module.exports = { migrationRecipe };
