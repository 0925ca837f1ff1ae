'use strict';

// Time that another process has been busy for, as Linux tells it.

const fs = require('node:fs');

/** Of what /proc counts there are so many a second, on every Linux. */
const TICKS = 100;

/** ms of a core since the process was started, of all its threads. */
function busy(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return ((user + system) / TICKS) * 1000;
}

module.exports = { busy };
