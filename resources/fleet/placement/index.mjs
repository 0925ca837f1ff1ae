// The part of the tab that shows where each tab of the flow runs, and lets its author say where it is to.

import { createPlacementRow } from './row.mjs';
import { labelsOf } from '../instances/filter.mjs';
import { setText } from '../text.mjs';

/** So many rows are made without a pause. */
const AT_ONCE = 25;
const LABELS = 'red-ui-fleet-placement-label-list';
const EVENTS = ['flows:add', 'flows:remove', 'flows:change', 'flows:reorder', 'workspace:clear'];

function tabs() {
  const all = [];
  RED.nodes.eachWorkspace((tab) => all.push(tab));
  return all;
}

export const placementPart = {
  section(api) {
    const { _ } = api;
    const content = $('<div>');
    const hint = $('<div class="red-ui-fleet-placement-hint">').text(_('placement.hint'));
    const list = $('<div class="red-ui-fleet-placements" role="list">').attr('aria-label', _('placement.name'));
    const offered = $('<datalist>').attr('id', LABELS);
    content.append(hint, list, offered);
    let rows = [];
    let known;
    let isShown = false;
    let making = 0;
    let labels = '';

    /** Makes the rows that are missing, a few at a time, and draws the others. */
    function draw() {
      const wanted = tabs();
      const isSame = wanted.length === rows.length && wanted.every((tab, at) => tab === rows[at].tab);
      if (!isSame) {
        rows = [];
        list.empty();
        const begun = (making += 1);
        const makeSome = () => {
          if (begun !== making) {
            return;
          }
          for (const tab of wanted.slice(rows.length, rows.length + AT_ONCE)) {
            const row = createPlacementRow(_, tab, LABELS);
            row.draw(known);
            rows.push(row);
            list.append(row.element);
          }
          if (rows.length < wanted.length) {
            requestAnimationFrame(makeSome);
          }
        };
        makeSome();
      }
      rows.forEach((row) => row.draw(known));
      const found = known?.fleet ? labelsOf(known.fleet.instances.filter(({ role }) => role === 'worker')) : [];
      if (found.join('\n') !== labels) {
        labels = found.join('\n');
        offered.empty().append(found.map((label) => new Option(label, label)));
      }
      setText(hint[0], rows.length > 0 || wanted.length > 0 ? _('placement.hint') : _('placement.none'));
    }

    const drawIfShown = () => {
      if (isShown) {
        draw();
      }
    };
    EVENTS.forEach((name) => RED.events.on(name, () => requestAnimationFrame(drawIfShown)));

    return {
      title: _('placement.name'),
      content,
      show() {
        isShown = true;
        draw();
      },
      hide() {
        isShown = false;
      },
      draw(now) {
        known = now;
        draw();
      }
    };
  }
};
