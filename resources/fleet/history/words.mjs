// What is shown of an entry of the history, in words. No part of the editor is needed here.

const ORIGINS = new Set(['deploy', 'load', 'project', 'restore', 'rollback', 'credentials', 'replaced']);
const SIGNS = { added: '+', changed: '~', removed: '−' };

/** When, in the time and the form of the browser. */
export const timeText = ({ time }) => new Date(time).toLocaleString();

/** How it came about. */
export function originText(_, { origin, to }) {
  return ORIGINS.has(origin) ? _(`history.origin.${origin}`, { to }) : origin;
}

/** What it has changed: numbers of nodes, and where. */
export function changeText(_, { added, changed, removed, tabs }) {
  const counts = `+${added} ~${changed} −${removed}`;
  return tabs.length === 0 ? counts : `${counts} ${tabs.join(', ')}`;
}

/** A node that differs, in a line. */
export const nodeText = ({ change, type, name, id }) => `${SIGNS[change] ?? ''} ${type} ${name || id}`.trim();

/** A property of it that differs. */
export function propertyText(_, { name, before, after }) {
  if (before === null && after === null) {
    return _('history.changed', { name });
  }
  return `${name}: ${before ?? _('history.none')} → ${after ?? _('history.none')}`;
}
