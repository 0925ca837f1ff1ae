// The row of one instance. Its elements stay as long as it is drawn, and the focus with them.

import { createDetails } from './details.mjs';
import { element, setText } from '../text.mjs';
import { duration, memory, revision, stateName, stateText } from '../words.mjs';

let made = 0;

export class Row {
  /** `onToggle(row)` is called when it has been opened or closed. */
  constructor({ api, parts, onToggle }) {
    const id = `red-ui-fleet-details-${(made += 1)}`;
    this.api = api;
    this.parts = parts;
    this.isOpen = false;
    this.details = null;
    this.element = element('div', 'red-ui-fleet-item');
    this.element.setAttribute('role', 'rowgroup');
    this.line = element('div', 'red-ui-fleet-row');
    this.line.setAttribute('role', 'row');
    this.button = element('button', 'red-ui-fleet-name');
    this.button.type = 'button';
    this.button.setAttribute('aria-expanded', 'false');
    this.button.setAttribute('aria-controls', id);
    this.name = element('span', 'red-ui-fleet-name-text');
    this.caret = element('i', 'fa fa-angle-right');
    this.button.append(this.caret, this.name);
    this.labels = element('span', 'red-ui-fleet-labels');
    this.state = element('span', '');
    this.cells = Object.fromEntries(
      ['main', 'revision', 'state', 'uptime', 'memory'].map((name) => {
        const cell = element('div', `red-ui-fleet-cell-${name}`);
        cell.setAttribute('role', 'cell');
        return [name, cell];
      })
    );
    this.cells.main.append(this.button, this.labels);
    this.dot = element('span', 'red-ui-fleet-dot');
    this.cells.state.append(this.dot, this.state);
    this.line.append(...Object.values(this.cells));
    this.element.append(this.line);
    this.panel = element('div', 'red-ui-fleet-details');
    this.panel.id = id;
    this.panel.setAttribute('role', 'row');
    this.panel.hidden = true;
    this.element.append(this.panel);
    this.line.addEventListener('click', () => {
      this.toggle();
      onToggle(this);
    });
  }

  toggle() {
    this.isOpen = !this.isOpen;
    this.button.setAttribute('aria-expanded', String(this.isOpen));
    this.caret.className = `fa fa-angle-${this.isOpen ? 'down' : 'right'}`;
    this.panel.hidden = !this.isOpen;
    if (this.isOpen) {
      this.details = createDetails(this.api, this.instance, this.parts);
      this.panel.append(this.details.element);
      this.details.draw(this.instance);
    } else {
      $(this.panel).empty();
      this.details = null;
    }
  }

  draw(instance, position) {
    const { _ } = this.api;
    this.instance = instance;
    this.line.setAttribute('aria-rowindex', String(position));
    const { name, role, labels, state, report } = instance;
    setText(this.name, name);
    this.button.title = name;
    const marks = role === 'admin' ? [_('role.admin'), ...labels] : labels;
    if (this.marks !== marks.join('\n')) {
      this.marks = marks.join('\n');
      this.labels.replaceChildren(...marks.map((text) => element('span', 'red-ui-fleet-label', text)));
      this.labels.title = labels.join(', ');
    }
    setText(this.cells.revision, revision(_, instance));
    setText(this.state, stateText(_, state));
    this.dot.className = `red-ui-fleet-dot red-ui-fleet-is-${stateName(state)}`;
    this.cells.state.title = instance.error ?? '';
    setText(this.cells.uptime, state === 'lost' ? '' : duration(_, report.uptime));
    setText(this.cells.memory, state === 'lost' ? '' : memory(_, report.rss));
    this.details?.draw(instance);
  }
}
