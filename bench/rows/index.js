'use strict';

/** Every row, the most important first. */
module.exports = [require('./small-deploys.js')];
