// One entry of the history: a line that opens to what it has changed, with the button that brings it back.

import { differenceElement } from './difference.mjs';
import { changeText, originText, timeText } from './words.mjs';
import { element, setText } from '../text.mjs';

/** Whether this user may deploy. */
const mayDeploy = () => RED.user.hasPermission('flows.write');

/**
 * @param {object} params
 * @param {object} params.api see api.mjs
 * @param {object} params.entry see docs/history.md
 * @param {(entry: object) => void} params.rollBack
 */
export function createHistoryRow({ api, entry, rollBack }) {
  const { _ } = api;
  const item = element('div', 'red-ui-fleet-history-entry');
  item.setAttribute('role', 'listitem');
  item.dataset.sequence = entry.sequence;

  const head = item.appendChild(element('button', 'red-ui-fleet-history-head'));
  head.type = 'button';
  head.setAttribute('aria-expanded', 'false');
  const line = head.appendChild(element('span', 'red-ui-fleet-history-line'));
  line.append(
    element('span', 'red-ui-fleet-history-sequence', String(entry.sequence)),
    element('span', 'red-ui-fleet-history-time', timeText(entry)),
    element('span', 'red-ui-fleet-history-user', entry.user ?? ''),
    element('span', 'red-ui-fleet-history-origin', originText(_, entry))
  );
  const current = line.appendChild(element('span', 'red-ui-fleet-label red-ui-fleet-history-current'));
  head.append(element('span', 'red-ui-fleet-history-change', changeText(_, entry)));
  const message = head.appendChild(element('span', 'red-ui-fleet-history-message'));

  let body;

  async function open() {
    const opened = element('div', 'red-ui-fleet-history-body', _('history.loading'));
    body = opened;
    item.append(opened);
    head.setAttribute('aria-expanded', 'true');
    let content;
    try {
      content = differenceElement(_, await api.get(`history/${entry.sequence}/difference`));
    } catch (error) {
      content = element('div', 'red-ui-fleet-history-problem', _('history.noDifference', { problem: error.message }));
    }
    opened.replaceChildren();
    if (mayDeploy() && !entry.current) {
      const button = opened.appendChild(element('button', 'red-ui-button red-ui-fleet-history-roll-back'));
      button.type = 'button';
      button.textContent = _('history.rollBack');
      $(button).on('click', () => rollBack(entry));
    }
    opened.append(content);
  }

  function close() {
    body.remove();
    body = undefined;
    head.setAttribute('aria-expanded', 'false');
  }

  $(head).on('click', () => (body ? close() : open()));

  const row = {
    element: item,
    /** Shows what can be another later: whether it runs, and what somebody says of it. */
    draw(now) {
      const isOther = entry.current !== now.current;
      entry = now;
      setText(current, now.current ? _('history.current') : '');
      current.hidden = !now.current;
      setText(message, now.message ?? '');
      message.hidden = !now.message;
      if (isOther && body) {
        close();
        open();
      }
    }
  };
  row.draw(entry);
  return row;
}
