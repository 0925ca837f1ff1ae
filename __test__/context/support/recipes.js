'use strict';

const fs = require('node:fs');
const path = require('node:path');

const DOCUMENT = path.join(__dirname, '..', '..', '..', 'docs', 'context.md');

/** What docs/context.md says to run when one comes from another store, in `sh` or `js`: the last such block there. */
function migrationRecipe(language) {
  const [, section] = fs.readFileSync(DOCUMENT, 'utf8').split(/\n## Coming from another store\n([^]*?)\n## /);
  const blocks = [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))];
  return blocks.at(-1)[1];
}

module.exports = { migrationRecipe };
