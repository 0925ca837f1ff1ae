'use strict';

// An npm for tests: `node fake_npm.js <control folder> <what npm would be given>`, run in a user
// directory. It "installs" by writing package.json files, and does what the files in the control
// folder say:
//   missing     names, one a line, that the registry does not know
//   unbuilt     names, one a line, whose install script fails
//   conflict    what a run says that fails without --legacy-peer-deps
//   broken      what a run that fails as a whole says
//   hold        nothing is done while this is here
//   hold-after  the process does not end while this is here, although all is done
// Each run leaves two lines of JSON in `log` there, one at its begin and one at its end.

const fs = require('node:fs');
const path = require('node:path');

const [control, verb, ...rest] = process.argv.slice(2);
const packages = rest.slice(rest.indexOf('--') + 1);
const flags = rest.slice(0, rest.indexOf('--'));

const inControl = (name) => path.join(control, name);
const told = (name) => {
  try {
    return fs.readFileSync(inControl(name), 'utf8');
  } catch {
    return null;
  }
};
const log = (entry) => {
  const line = JSON.stringify({ ...entry, pid: process.pid, time: Date.now() });
  fs.appendFileSync(inControl('log'), `${line}\n`);
};
const hold = async (name) => {
  // Not forever: a test that was killed takes nothing away.
  const deadline = Date.now() + 180000;
  while (fs.existsSync(inControl(name)) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const fail = (words) => {
  process.stderr.write(words);
  log({ at: 'end', verb, ok: false });
  process.exit(1);
};

const readJson = (file, otherwise) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return otherwise;
  }
};
const writeJson = (file, content) => {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.draft`, JSON.stringify(content, null, 2));
  fs.renameSync(`${file}.draft`, file);
};

/** `@scope/a@1.x` as `['@scope/a', '1.x']`. */
const split = (text) => {
  const at = text.lastIndexOf('@');
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, '*'];
};
/** The version that the registry would give for a range. */
const resolve = (range) => {
  const numbers = (range.match(/\d+/g) || ['1']).slice(0, 3);
  while (numbers.length < 3) {
    numbers.push('0');
  }
  return /^\d+\.\d+\.\d+/.test(range) ? range : numbers.join('.');
};

/** All packages in node_modules. */
const present = () => {
  const list = (dir) => (fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => !name.startsWith('.')) : []);
  return list('node_modules').flatMap((name) =>
    name.startsWith('@') ? list(path.join('node_modules', name)).map((inner) => `${name}/${inner}`) : [name]
  );
};

const listed = (name) => (told(name) || '').split('\n').filter(Boolean);

const run = async () => {
  log({ at: 'begin', verb, flags, packages });
  await hold('hold');
  const broken = told('broken');
  if (broken !== null) {
    fail(broken);
  }
  const conflict = told('conflict');
  if (conflict !== null && !flags.includes('--legacy-peer-deps')) {
    fail(conflict);
  }
  const missing = listed('missing');
  const unbuilt = listed('unbuilt');
  const manifest = readJson('package.json', {});
  const dependencies = manifest.dependencies || {};
  if (verb === 'install') {
    const lacking = packages.find((text) => missing.includes(split(text)[0]));
    if (lacking) {
      fail(
        `npm error code E404\nnpm error 404 Not Found - GET https://registry.example/${lacking} - Not found\n` +
          `npm error 404  '${lacking}' is not in this registry.\n`
      );
    }
    const bad = packages.find((text) => unbuilt.includes(split(text)[0]));
    if (bad) {
      fail(
        `npm error code 1\nnpm error path ${path.resolve('node_modules', split(bad)[0])}\nnpm error command failed\n`
      );
    }
    for (const text of packages) {
      const [name, range] = split(text);
      dependencies[name] = resolve(range);
      writeJson(path.join('node_modules', name, 'package.json'), { name, version: resolve(range) });
    }
  } else {
    for (const name of packages) {
      delete dependencies[name];
    }
  }
  writeJson('package.json', { ...manifest, dependencies });
  // As npm does: what nothing depends on goes.
  for (const name of present().filter((name) => !(name in dependencies))) {
    fs.rmSync(path.join('node_modules', name), { recursive: true, force: true });
  }
  await hold('hold-after');
  log({ at: 'end', verb, ok: true });
};

run();
