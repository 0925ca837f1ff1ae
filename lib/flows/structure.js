'use strict';

/** Types of what holds nodes and does not run itself. */
const STRUCTURE = new Set(['tab', 'subflow', 'group']);

module.exports = { STRUCTURE };
