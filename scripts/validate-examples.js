'use strict';

// `npm run lint:examples`: the YAML files of examples/ against the published schemas of Compose and
// Kubernetes, the Dockerfile by hadolint, the chart by Helm, and what it renders as all of Kubernetes. A check
// whose validator can't be had is skipped, and says so. Only Node built-ins.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { CHART, VALUES } = require('./chart-values.js');
const { fetchValidator, renderChart, validate } = require('./example-validators.js');

const ROOT = path.join(__dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');
/** The oldest and the newest Kubernetes that the examples are for. */
const KUBERNETES = ['1.29', '1.37'];

function filesIn(folder, pattern) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        return filesIn(file, pattern);
      }
      return pattern.test(entry.name) ? [path.relative(ROOT, file)] : [];
    })
    .sort();
}

const yamlIn = (...folders) => folders.flatMap((name) => filesIn(path.join(EXAMPLES, name), /\.ya?ml$/));

const checkKubernetes = (version, files) => validate('kubernetes', ['--strict', '--quiet', '-k', version, ...files]);

/** The chart with each set of values: Helm's own lint, and the schemas of Kubernetes for what comes out. */
function checkChart(folder) {
  const said = Object.entries(VALUES).flatMap(([name, values]) => {
    const { error, lint, objects } = renderChart(CHART, values);
    const file = path.join(folder, `${name}.yaml`);
    // YAML takes JSON.
    fs.writeFileSync(file, objects.map((object) => `---\n${JSON.stringify(object)}\n`).join(''));
    const problems = [...lint.map((message) => JSON.stringify(message)), ...(error ? [error] : [])];
    for (const version of fetchValidator('kubernetes') || error ? [] : KUBERNETES) {
      const checked = checkKubernetes(version, [file]);
      problems.push(...(checked.ok ? [] : [`Kubernetes ${version}: ${checked.said}`]));
    }
    return problems.map((problem) => `with the values '${name}': ${problem}`);
  });
  return { ok: said.length === 0, said: said.join('\n') };
}

/** Each check: its name, the validator that it needs, and how it is done. */
function checks(folder) {
  // Kustomize knows its own file; there is no schema of it in Kubernetes.
  const ofKubernetes = yamlIn('kubernetes').filter((file) => !file.endsWith('kustomization.yaml'));
  return [
    [
      'Compose',
      'compose',
      () => validate('compose', ['--builtin-schema', 'vendor.compose-spec', ...yamlIn('docker', 'sentinel', 'swarm')])
    ],
    ...KUBERNETES.map((version) => [
      `Kubernetes ${version}`,
      'kubernetes',
      () => checkKubernetes(version, ofKubernetes)
    ]),
    ['Dockerfile', 'dockerfile', () => validate('dockerfile', filesIn(EXAMPLES, /^Dockerfile$/))],
    ['Chart', 'chart', () => checkChart(folder)]
  ];
}

function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'examples-'));
  try {
    for (const [name, validator, check] of checks(folder)) {
      const reason = fetchValidator(validator);
      const { ok, said } = reason ? {} : check();
      console.log(`${name}: ${reason ? `NOT checked: ${reason}` : ok ? 'ok' : 'FAILED'}`);
      if (!reason && !ok) {
        console.log(said);
        process.exitCode = 1;
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

main();
