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
const BIN = path.join(FOLDER, process.platform === 'win32' ? 'Scripts' : 'bin');
const PYTHONS = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];
/** The oldest and the newest Kubernetes that the examples are for. */
const KUBERNETES = ['1.29', '1.37'];
const FETCH_DEADLINE = 300_000;

const program = (name) => path.join(BIN, process.platform === 'win32' ? `${name}.exe` : name);

function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options });
  return { ok: status === 0, said: error ? error.message : `${stdout || ''}${stderr || ''}`.trim() };
}

/** Puts the validators in place; gives the reason when that can't be done. */
function fetchValidators() {
  const mark = path.join(FOLDER, 'requirements.txt');
  const wanted = REQUIREMENTS.join('\n');
  if (fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === wanted) {
    return undefined;
  }
  fs.rmSync(FOLDER, { recursive: true, force: true });
  const python = PYTHONS.find((name) => run(name, ['-m', 'venv', FOLDER]).ok);
  if (!python) {
    return 'there is no Python that can make a virtual environment';
  }
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--only-binary=:all:', ...REQUIREMENTS];
  const fetched = run(program('python'), pip, { timeout: FETCH_DEADLINE });
  if (!fetched.ok) {
    return `pip can't fetch the validators: ${fetched.said.split('\n').at(-1)}`;
  }
  fs.writeFileSync(mark, wanted);
  return undefined;
}

function yamlFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return yamlFiles(file);
    }
    return /\.ya?ml$/.test(entry.name) ? [path.relative(ROOT, file)] : [];
  }).sort();
}

/** The checks: a name and the command of each. */
function checks() {
  const files = yamlFiles(EXAMPLES);
  const ofKubernetes = files.filter((file) => file.startsWith(path.join('examples', 'kubernetes')));
  const ofCompose = files.filter((file) => !ofKubernetes.includes(file));
  return [
    ['Compose', program('check-jsonschema'), ['--builtin-schema', 'vendor.compose-spec', ...ofCompose]],
    ...KUBERNETES.map((version) => [
      `Kubernetes ${version}`, program('kubernetes-validate'), ['--strict', '--quiet', '-k', version, ...ofKubernetes]
    ])
  ];
}

function main() {
  const reason = fetchValidators();
  if (reason) {
    console.log(`The examples are NOT checked: ${reason}`);
    return;
  }
  for (const [name, command, args] of checks()) {
    const { ok, said } = run(command, args);
    console.log(`${name}: ${ok ? 'ok' : 'FAILED'}`);
    if (!ok) {
      console.log(said);
      process.exitCode = 1;
    }
  }
}

main();
