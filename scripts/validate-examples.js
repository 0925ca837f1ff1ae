'use strict';

// `npm run lint:examples`: the YAML files of examples/ against the published schemas of Compose and
// Kubernetes. The validators come from PyPI, into .cache/; where they can't be had, the check is
// skipped and says so. Only Node built-ins.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');
// With the schemas in them, so that nothing else is fetched.
const REQUIREMENTS = ['check-jsonschema==0.39.0', 'kubernetes-validate==1.37.0'];
const FOLDER = path.join(ROOT, '.cache', 'yaml-validators');
const PYTHON = path.join(FOLDER, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const PYTHONS = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];
/** The oldest and the newest Kubernetes that the examples are for. */
const KUBERNETES = ['1.29', '1.37'];
const FETCH_DEADLINE = 300_000;
/** Their names in Python. */
const MODULES = ['check_jsonschema', 'kubernetes_validate'];

const lastLine = (text) => text.split('\n').at(-1);

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options });
  return { ok: status === 0, said: error ? error.message : `${stdout || ''}${stderr || ''}`.trim() };
}

/** As modules: the programs that pip makes name the folder that they were installed in, which may have moved. */
const validator = (name, args) => run(PYTHON, ['-m', name, ...args]);

/** Those that do not start, each with what it says. */
const unusable = () =>
  MODULES.map((name) => [name, validator(name, ['--version'])])
    .filter(([, { ok }]) => !ok)
    .map(([name, { said }]) => `${name} can't be run: ${lastLine(said)}`);

/** Puts the validators in place; gives the reason when that can't be done. */
function fetchValidators() {
  const mark = path.join(FOLDER, 'requirements.txt');
  const wanted = REQUIREMENTS.join('\n');
  if (fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === wanted && unusable().length === 0) {
    return undefined;
  }
  fs.rmSync(FOLDER, { recursive: true, force: true });
  const python = PYTHONS.find((name) => run(name, ['-m', 'venv', FOLDER]).ok);
  if (!python) {
    return 'there is no Python that can make a virtual environment';
  }
  const pip = [
    '-m',
    'pip',
    '--disable-pip-version-check',
    'install',
    '--quiet',
    '--only-binary=:all:',
    ...REQUIREMENTS
  ];
  const fetched = run(PYTHON, pip, { timeout: FETCH_DEADLINE });
  if (!fetched.ok) {
    return `pip can't fetch the validators: ${lastLine(fetched.said)}`;
  }
  const [reason] = unusable();
  if (!reason) {
    fs.writeFileSync(mark, wanted);
  }
  return reason;
}

function yamlFiles(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        return yamlFiles(file);
      }
      return /\.ya?ml$/.test(entry.name) ? [path.relative(ROOT, file)] : [];
    })
    .sort();
}

/** The checks: a name, and the validator of each with its arguments. */
function checks() {
  const files = yamlFiles(EXAMPLES);
  const ofKubernetes = files.filter((file) => file.startsWith(path.join('examples', 'kubernetes')));
  const ofCompose = files.filter((file) => !ofKubernetes.includes(file));
  return [
    ['Compose', 'check_jsonschema', ['--builtin-schema', 'vendor.compose-spec', ...ofCompose]],
    ...KUBERNETES.map((version) => [
      `Kubernetes ${version}`,
      'kubernetes_validate',
      ['--strict', '--quiet', '-k', version, ...ofKubernetes]
    ])
  ];
}

function main() {
  const reason = fetchValidators();
  if (reason) {
    console.log(`The examples are NOT checked: ${reason}`);
    return;
  }
  for (const [name, module, args] of checks()) {
    const { ok, said } = validator(module, args);
    console.log(`${name}: ${ok ? 'ok' : 'FAILED'}`);
    if (!ok) {
      console.log(said);
      process.exitCode = 1;
    }
  }
}

main();
