// Which instances are shown: by name, label and state.

import { ALL_STATES, stateText } from '../words.mjs';

const ALL = '';

/** Whether an instance is to be shown. Empty texts let all through. */
export function isWanted({ text, label, state }, instance) {
  const sought = text.trim().toLowerCase();
  return (
    (state === ALL || instance.state === state) &&
    (label === ALL || instance.labels.includes(label)) &&
    (sought === '' || [instance.name, ...instance.labels].some((words) => words.toLowerCase().includes(sought)))
  );
}

/** The labels that there are, in their order. */
export function labelsOf(instances) {
  return [...new Set(instances.flatMap(({ labels }) => labels))].sort();
}

const option = (value, text) => $('<option>').val(value).text(text);

/** The controls. `onChange` is called when another choice has been made. */
export function createFilter(_, onChange) {
  const element = $('<div class="red-ui-fleet-filter" role="search">').attr('aria-label', _('filter.name'));
  const search = $('<input type="text">').attr({ placeholder: _('filter.search'), 'aria-label': _('filter.search') });
  const labels = $('<select>').attr('aria-label', _('filter.label'));
  const states = $('<select>').attr('aria-label', _('filter.state'));
  const lists = $('<div class="red-ui-fleet-filter-lists">').append(labels, states);
  element.append($('<div class="red-ui-fleet-filter-search">').append(search), lists);
  search.searchBox({ style: 'compact', delay: 200, change: onChange });

  states.append(option(ALL, _('filter.allStates')));
  ALL_STATES.forEach((state) => states.append(option(state, stateText(_, state))));
  let offered;

  /** One that is chosen stays, also where nobody has it any more. */
  function offer(found) {
    const chosen = labels.val() ?? ALL;
    const all = chosen === ALL || found.includes(chosen) ? found : [...found, chosen].sort();
    const text = all.join('\n');
    if (text !== offered) {
      offered = text;
      labels.empty().append(option(ALL, _('filter.allLabels')));
      all.forEach((label) => labels.append(option(label, label)));
      labels.val(chosen);
    }
    labels.toggle(all.length > 0);
  }

  offer([]);
  labels.add(states).on('change', onChange);

  return {
    element,
    offer: (instances) => offer(labelsOf(instances)),
    chosen: () => ({ text: search.val(), label: labels.val() ?? ALL, state: states.val() })
  };
}
