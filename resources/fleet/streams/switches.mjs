// The switches of one worker, or of all.

import { KINDS } from './choices.mjs';
import { element, setText } from '../text.mjs';

/** Switches under a name; `draw()` when another choice was made, maybe with other ones. */
export function createSwitches(_, choices, worker, name) {
  const group = element('div', 'red-ui-fleet-streams');
  group.setAttribute('role', 'group');
  const head = group.appendChild(element('span', 'red-ui-fleet-streams-name'));
  const boxes = KINDS.map((kind) => {
    const label = group.appendChild(element('label', 'red-ui-fleet-streams-kind'));
    const box = label.appendChild(document.createElement('input'));
    box.type = 'checkbox';
    box.addEventListener('change', () => choices.choose(worker, kind, box.checked));
    label.append(_(`streams.kind.${kind}`));
    return { kind, box };
  });
  const problem = group.appendChild(element('div', 'red-ui-fleet-streams-problem'));
  problem.setAttribute('role', 'status');

  function rename(text) {
    setText(head, text);
    group.setAttribute('aria-label', text);
  }

  function draw() {
    boxes.forEach(({ kind, box }) => {
      box.checked = choices.isChosen(worker, kind);
    });
    const isLooking = boxes.some(({ box }) => box.checked);
    const text = isLooking && choices.problem() ? _('streams.problem', { problem: choices.problem() }) : '';
    setText(problem, text);
    problem.hidden = text === '';
  }

  rename(name);
  draw();
  return { element: group, rename, draw };
}
