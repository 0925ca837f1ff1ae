// The part of the tab with the instances: filter, table, and what stands in place of it.

import { createFilter, isWanted } from './filter.mjs';
import { createTable } from './table.mjs';
import { setText } from '../text.mjs';
import { ALL_STATES } from '../words.mjs';

const severity = ({ state }) => {
  const at = ALL_STATES.indexOf(state);
  return at < 0 ? ALL_STATES.length : at;
};

/** Those first that somebody has to look after, else in the order of their names, in which they come. */
const inOrder = (instances) => [...instances].sort((one, other) => severity(one) - severity(other));

/** In place of a table what there is to say; empty where there is a table. */
function emptyText(_, { status, fleet, problem }, shown) {
  if (status === 'loading') {
    return _('instances.loading');
  }
  if (status === 'no right') {
    return _('instances.noRight');
  }
  if (status === 'not yet') {
    return _('instances.unknown');
  }
  if (!fleet) {
    return _('instances.noAnswer', { problem: problem || _('summary.noAnswer') });
  }
  if (fleet.instances.length === 0) {
    return _('instances.none');
  }
  return shown.length === 0 ? _('instances.noMatch') : '';
}

export const instancesPart = {
  section(api, parts) {
    const { _ } = api;
    const content = $('<div>');
    const table = createTable(api, parts);
    const empty = $('<div class="red-ui-search-empty red-ui-fleet-empty">');
    const filter = createFilter(_, () => draw(api.known()));
    content.append(filter.element, empty, table.element);
    let isListening = false;

    function draw(known) {
      if (!isListening) {
        isListening = true;
        table.listen();
      }
      const all = known.fleet?.instances ?? [];
      filter.offer(all);
      filter.element.toggle(all.length > 0);
      const chosen = filter.chosen();
      const shown = inOrder(all.filter((instance) => isWanted(chosen, instance)));
      const text = emptyText(_, known, shown);
      setText(empty[0], text);
      empty.toggle(text !== '');
      table.element.hidden = text !== '';
      table.draw(shown);
    }

    return { title: _('instances.name'), content, draw };
  }
};
