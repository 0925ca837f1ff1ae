// The environment variable of a tab that says where it runs: read and written. No part of the editor is needed here. What
// is right is what lib/placement takes for right.

export const NAME = 'CLUSTER_PLACEMENT';

/** Those that can be chosen, in their order; those with labels have a text beside. */
export const KINDS = ['all', 'workers', 'admin', 'once', 'label', 'once:label'];
const WITHOUT_LABELS = new Set(['all', 'workers', 'admin', 'once']);
const MOST_LABELS = 32;
const LABEL = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Where the tab is to run, as `{ kind, labels }` with the labels as a text; `kind` is null for a value that is none, which
 * `text` has then.
 */
export function placementOf(env) {
  const variable = (env ?? []).filter(({ name }) => name === NAME).at(-1);
  if (!variable) {
    return { kind: 'all', labels: '' };
  }
  const text = String(variable.value ?? '').trim();
  const isText = (variable.type ?? 'str') === 'str';
  if (isText && WITHOUT_LABELS.has(text)) {
    return { kind: text, labels: '' };
  }
  const [, kind, labels] = /^(label|once):(.*)$/.exec(text) ?? [];
  return isText && kind && areLabels(labels)
    ? { kind: kind === 'once' ? 'once:label' : 'label', labels: namesIn(labels).join(', ') }
    : { kind: null, labels: '', text };
}

/** The labels in a text that separates them by commas. */
export const namesIn = (labels) => labels.split(',').map((label) => label.trim());

export function areLabels(labels) {
  const names = namesIn(labels);
  return names.every((label) => LABEL.test(label)) && new Set(names).size <= MOST_LABELS;
}

export const hasLabels = (kind) => kind === 'label' || kind === 'once:label';

/** A copy of the variables with this placement; the usual one has none. */
export function withPlacement(env, { kind, labels }) {
  const others = (env ?? []).filter(({ name }) => name !== NAME);
  if (kind === 'all') {
    return others;
  }
  const value = hasLabels(kind) ? `${kind === 'label' ? 'label' : 'once'}:${namesIn(labels).join(',')}` : kind;
  return [...others, { name: NAME, value, type: 'str' }];
}

/** Where a tab runs at the moment, of what instances tell: their names for one that runs once, else how many. */
export function runningOn(id, { kind, labels }, instances) {
  const alive = instances.filter(({ state }) => state !== 'lost');
  const workers = alive.filter(({ role }) => role === 'worker');
  if (kind === 'once' || kind === 'once:label') {
    return { names: workers.filter(({ report }) => report.tabs.includes(id)).map(({ name }) => name) };
  }
  const wanted = namesIn(labels);
  const meant = {
    all: alive,
    workers,
    admin: alive.filter(({ role }) => role === 'admin'),
    label: workers.filter((worker) => worker.labels.some((label) => wanted.includes(label)))
  };
  return { count: (meant[kind] ?? []).length };
}
