'use strict';

// Memory of another process, as Linux tells it; elsewhere it is not measured.

const fs = require('node:fs');

const canMeasure = process.platform === 'linux';

function statusOf(pid, name) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) / 1024;
}

/** What it has in memory now, in MB. */
const resident = (pid) => statusOf(pid, 'VmRSS');

/** The most it has had since `forgetPeak`, in MB. */
const peak = (pid) => statusOf(pid, 'VmHWM');

function forgetPeak(pid) {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

module.exports = { canMeasure, forgetPeak, peak, resident };
