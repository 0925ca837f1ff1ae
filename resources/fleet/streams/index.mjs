// Debug output, log and statuses of workers in this editor: a section with what is chosen, and switches in the row of each
// worker.

import { EVERYONE, createChoices } from './choices.mjs';
import { createSwitches } from './switches.mjs';
import { element } from '../text.mjs';

/** Without a secure context there is no `randomUUID`. */
const someId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16)).join('');
const isSeen = () => document.visibilityState === 'visible';

let choices;
/** Switches in rows are thrown away with their row, without a word. */
let inRows = [];
let drawSection = () => {};

function drawAll() {
  inRows = inRows.filter((one) => one.deref());
  inRows.forEach((one) => one.deref()?.draw());
  drawSection();
}

/** By the element: as long as that is anywhere, its switches are. */
const switchesOf = new WeakMap();

export const streamsPart = {
  start(api) {
    choices = createChoices({
      viewer: someId(),
      post: (body) => api.post('fleet/watch', body),
      onChange: drawAll,
      isSeen
    });
    document.addEventListener('visibilitychange', choices.renew);
  },

  section(api) {
    const { _ } = api;
    const content = element('div', 'red-ui-fleet-streams-section');
    content.append(element('div', 'red-ui-fleet-streams-hint', _('streams.hint')));
    const all = createSwitches(_, choices, EVERYONE, _('streams.all'));
    const list = element('div', '');
    content.append(all.element, list);
    /** @type {Map<string, ReturnType<typeof createSwitches>>} those of workers that were chosen one by one */
    const lines = new Map();

    drawSection = () => {
      all.draw();
      const chosen = choices.workers().filter((worker) => worker !== EVERYONE);
      for (const [worker, line] of lines) {
        // The last one of a worker that is switched off here stays until the focus is elsewhere.
        if (!chosen.includes(worker) && !line.element.contains(document.activeElement)) {
          line.element.remove();
          lines.delete(worker);
        }
      }
      const instances = api.known?.().fleet?.instances ?? [];
      for (const worker of chosen) {
        const name = instances.find(({ id }) => id === worker)?.name ?? worker;
        if (!lines.has(worker)) {
          lines.set(worker, createSwitches(_, choices, worker, name));
          list.append(lines.get(worker).element);
        }
        if (name !== worker) {
          lines.get(worker).rename(name);
        }
      }
      lines.forEach((line) => line.draw());
    };
    return { title: _('streams.name'), content: $(content), isFolded: true, draw: () => drawSection() };
  },

  details({ id, role }, { _ }) {
    if (role !== 'worker') {
      return undefined;
    }
    const switches = createSwitches(_, choices, id, _('streams.here'));
    switchesOf.set(switches.element, switches);
    inRows.push(new WeakRef(switches));
    return $(switches.element);
  }
};
