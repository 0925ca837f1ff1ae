// Everything that an instance tells of itself.

import { element, setText } from '../text.mjs';
import { duration, memory, revision, stateText } from '../words.mjs';

const joined = (texts) => texts.join(', ');

function tabNames(ids) {
  return joined(ids.map((id) => RED.nodes.workspace(id)?.label || id));
}

/** Each line: its name in the catalogue, and its text; an empty one is not shown. */
const LINES = [
  ['error', (_, { error }) => error ?? ''],
  ['state', (_, { state }) => stateText(_, state)],
  ['role', (_, { role }) => _(`role.${role}`)],
  ['labels', (_, { labels }) => joined(labels)],
  [
    'revision',
    (_, instance) => (instance.revision ? `${instance.revision} (${revision(_, instance)})` : revision(_, instance))
  ],
  ['since', (_, { since }) => (since ? new Date(since).toLocaleString() : '')],
  ['flows', (_, { report }) => report.flows],
  ['missingTypes', (_, { report }) => joined(report.missingTypes)],
  ['packages', (_, { report }) => report.packages ?? ''],
  ['tabs', (_, { report }) => tabNames(report.tabs)],
  ['notReady', (_, { report }) => joined(report.missing)],
  ['notes', (_, { report }) => joined(report.notes)],
  ['connection', (_, { report }) => report.connection],
  [
    'lastError',
    (_, { report: { lastError } }) =>
      lastError ? _('details.ago', { text: lastError.text, ago: duration(_, lastError.ago) }) : ''
  ],
  ['errors', (_, { report }) => String(report.errors)],
  ['uptime', (_, { report }) => duration(_, report.uptime)],
  ['memory', (_, { report }) => memory(_, report.rss)],
  ['delay', (_, { report: { delay } }) => _('details.delayText', { p99: rounded(delay.p99), max: rounded(delay.max) })],
  ['tick', (_, { report }) => (report.tick >= 1000 ? duration(_, report.tick / 1000) : '')],
  [
    'context',
    (_, { report: { context } }) =>
      context ? _('details.contextText', { ...context, memory: memory(_, context.bytes) || memory(_, 1) }) : ''
  ],
  ['host', (_, { report }) => report.host],
  [
    'versions',
    (_, { report }) =>
      _('details.versionsText', { version: report.version, nodeRed: report.nodeRed, node: report.node })
  ],
  ['id', (_, { id }) => id]
];

const rounded = (ms) => Math.round(ms * 10) / 10;

/** The table of one instance, and below it what the parts of the tab can do with it. */
export function createDetails(api, instance, parts) {
  const { _ } = api;
  const table = element('table', 'red-ui-info-table');
  const body = table.appendChild(element('tbody', ''));
  const lines = LINES.map(([name, textOf]) => {
    const row = body.appendChild(element('tr', 'red-ui-help-info-row'));
    const head = row.appendChild(element('th', 'red-ui-fleet-detail-name', _(`details.${name}`)));
    head.scope = 'row';
    const cell = row.appendChild(element('td', `red-ui-fleet-detail red-ui-fleet-detail-${name}`));
    return { row, cell, textOf };
  });
  const cell = element('div', '');
  cell.setAttribute('role', 'cell');
  cell.append(table);
  for (const part of parts) {
    const added = part.details?.(instance, api);
    if (added) {
      $(cell).append(added);
    }
  }
  return {
    element: cell,
    draw(now) {
      for (const { row, cell: shown, textOf } of lines) {
        const text = textOf(_, now);
        row.hidden = text === '';
        setText(shown, text);
      }
    }
  };
}
