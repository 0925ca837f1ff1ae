'use strict';

/** What every line of ours begins with. */
const PREFIX = '[ValkeyStorage] ';

/** Node-RED's logger with our prefix: `{ error, warn, info, debug }`, each taking a text. */
function createLog(logger) {
  const line = (level) => (text) => logger[level](PREFIX + text);
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

module.exports = { PREFIX, createLog };
