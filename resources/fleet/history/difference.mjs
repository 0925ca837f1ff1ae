// What a deploy has changed, below its entry.

import { nodeText, propertyText } from './words.mjs';
import { element } from '../text.mjs';

function tabElement(_, { id, name, nodes }) {
  const tab = element('div', 'red-ui-fleet-history-tab');
  tab.append(element('div', 'red-ui-fleet-history-tab-name', id === '' ? _('history.noTab') : name || id));
  for (const node of nodes) {
    tab.append(element('div', `red-ui-fleet-history-node red-ui-fleet-history-${node.change}`, nodeText(node)));
    for (const property of node.properties) {
      tab.append(element('div', 'red-ui-fleet-history-property', propertyText(_, property)));
    }
  }
  return tab;
}

export function differenceElement(_, { from, tabs, credentialsChanged, leftOut }) {
  const made = element('div', 'red-ui-fleet-history-difference');
  made.append(...tabs.map((tab) => tabElement(_, tab)));
  const notes = [
    leftOut > 0 && _('history.leftOut', { count: leftOut }),
    credentialsChanged && _('history.credentialsChanged'),
    tabs.length === 0 && !credentialsChanged && _('history.same'),
    from === null && _('history.first')
  ].filter(Boolean);
  made.append(...notes.map((note) => element('div', 'red-ui-fleet-history-note', note)));
  return made;
}
