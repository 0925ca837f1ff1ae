// The part of the tab that shows the history of deploys, and brings an earlier one back.

import { createRollBack } from './roll-back.mjs';
import { createHistoryRow } from './row.mjs';
import { element, setText } from '../text.mjs';

/** So many entries are shown until more are wanted. */
const AT_ONCE = 50;
/** So often, a second apart, it is asked anew after a deploy: an entry is made a moment later. */
const LOOKS = 4;
const OFF = 404;
const NO_RIGHT = new Set([401, 403]);

export const historyPart = {
  section(api) {
    const { _ } = api;
    const content = element('div', 'red-ui-fleet-history');
    const problem = content.appendChild(element('div', 'red-ui-fleet-history-problem'));
    const list = content.appendChild(element('div', 'red-ui-fleet-history-list'));
    list.setAttribute('role', 'list');
    list.setAttribute('aria-label', _('history.name'));
    const more = content.appendChild(element('button', 'red-ui-button red-ui-fleet-history-more', _('history.more')));
    more.type = 'button';

    const rows = new Map();
    let entries = [];
    let most = AT_ONCE;
    let looks = 0;
    let isAsking = false;
    let revision;

    function draw() {
      const wanted = entries.slice(0, most);
      const elements = wanted.map((entry) => {
        const row = rows.get(entry.sequence) ?? createHistoryRow({ api, entry, rollBack });
        rows.set(entry.sequence, row);
        row.draw(entry);
        return row.element;
      });
      const isSame = elements.length === list.children.length && elements.every((one, at) => one === list.children[at]);
      if (!isSame) {
        const focused = list.contains(document.activeElement) ? document.activeElement : undefined;
        list.replaceChildren(...elements);
        focused?.focus();
        const kept = new Set(wanted.map(({ sequence }) => sequence));
        [...rows.keys()].filter((sequence) => !kept.has(sequence)).forEach((sequence) => rows.delete(sequence));
      }
      more.hidden = entries.length <= most;
    }

    function tell(text) {
      setText(problem, text);
      problem.hidden = text === '';
    }

    async function look() {
      isAsking = true;
      try {
        entries = await api.get('history');
        tell(entries.length === 0 ? _('history.empty') : '');
      } catch ({ status, message }) {
        if (status === OFF || NO_RIGHT.has(status)) {
          entries = [];
          looks = 0;
        }
        const known = status === OFF ? 'history.off' : NO_RIGHT.has(status) ? 'history.noRight' : 'history.noAnswer';
        tell(_(known, { problem: message }));
      }
      isAsking = false;
      draw();
    }

    const lookAgain = () => (looks = LOOKS);
    const rollBack = createRollBack(api, lookAgain);
    $(more).on('click', () => {
      most += AT_ONCE;
      draw();
    });
    RED.events.on('deploy', lookAgain);
    RED.comms.subscribe('notification/runtime-deploy', lookAgain);
    tell(_('history.loading'));

    return {
      title: _('history.name'),
      content: $(content),
      show: lookAgain,
      draw({ fleet }) {
        if (fleet && fleet.revision !== revision) {
          revision = fleet.revision;
          lookAgain();
        }
        if (looks > 0 && !isAsking) {
          looks -= 1;
          look();
        }
      }
    };
  }
};
