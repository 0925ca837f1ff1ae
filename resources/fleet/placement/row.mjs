// One tab of the flow: where it runs, and the control that says where it is to run.

import { mayEdit, setPlacement } from './edit.mjs';
import { KINDS, areLabels, hasLabels, placementOf, runningOn } from './value.mjs';
import { element, setText } from '../text.mjs';

const WRONG = 'wrong';
let made = 0;

function whereText(_, tab, placement, known) {
  if (tab.disabled) {
    return _('placement.disabled');
  }
  if (placement.kind === null) {
    return _('placement.wrong', { value: placement.text });
  }
  if (!known?.fleet) {
    return '';
  }
  const { names, count } = runningOn(tab.id, placement, known.fleet.instances);
  if (names) {
    return names.length === 0 ? _('placement.nowhere') : _('placement.runsOn', { names: names.join(', ') });
  }
  return count === 0 ? _('placement.nowhere') : _('placement.runsOnCount', { count });
}

export function createPlacementRow(_, tab, labelsId) {
  const id = `red-ui-fleet-placement-${(made += 1)}`;
  const item = element('div', 'red-ui-fleet-placement');
  item.setAttribute('role', 'listitem');
  const name = item.appendChild(element('label', 'red-ui-fleet-placement-name'));
  name.htmlFor = id;
  const kinds = item.appendChild(element('select', 'red-ui-fleet-placement-kind'));
  kinds.id = id;
  const wrong = kinds.appendChild(new Option(_('placement.kind.wrong'), WRONG));
  KINDS.forEach((kind) => kinds.append(new Option(_(`placement.kind.${kind.replace(':', '-')}`), kind)));
  const labels = item.appendChild(element('input', 'red-ui-fleet-placement-labels'));
  labels.type = 'text';
  labels.setAttribute('list', labelsId);
  labels.placeholder = _('placement.labels');
  labels.setAttribute('aria-label', _('placement.labels'));
  const where = item.appendChild(element('div', 'red-ui-fleet-placement-where'));

  function draw(known) {
    const placement = placementOf(tab.env);
    setText(name, tab.label || tab.id);
    // What somebody is choosing is left alone.
    if (!item.contains(document.activeElement) || placement.kind !== item.dataset.kind) {
      const kind = placement.kind ?? WRONG;
      item.dataset.kind = kind;
      kinds.value = kind;
      wrong.hidden = kind !== WRONG;
      labels.value = placement.labels;
    }
    labels.hidden = !hasLabels(kinds.value);
    kinds.disabled = labels.disabled = !mayEdit() || Boolean(tab.locked);
    setText(where, whereText(_, tab, placement, known));
    where.classList.toggle('red-ui-fleet-placement-wrong', placement.kind === null);
  }

  function choose() {
    const kind = kinds.value;
    labels.hidden = !hasLabels(kind);
    const isWhole = !hasLabels(kind) || areLabels(labels.value);
    const isWrong = !isWhole && labels.value !== '';
    labels.classList.toggle('input-error', isWrong);
    labels.setAttribute('aria-invalid', String(isWrong));
    if (hasLabels(kind) && labels.value === '') {
      labels.focus();
    } else if (isWhole && kind !== WRONG) {
      item.dataset.kind = kind;
      setPlacement(tab, { kind, labels: labels.value });
    }
  }

  $(kinds).on('change', choose);
  $(labels).on('change', choose);
  return { element: item, tab, draw };
}
