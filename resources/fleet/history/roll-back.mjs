// Going back to an entry: asked first, then done, then told.

import { deployedHere } from './reload.mjs';
import { timeText } from './words.mjs';

const ID = 'node-red-storage-valkey-rollback';
const MISSING = 'missing_types';

/** One modal notification, with what is in it replaced. */
function ask(_, { text, more, input, type, yes, onYes }) {
  const content = $('<div>');
  content.append($('<p>').text(text));
  more.forEach((line) => content.append($('<p>').text(line)));
  if (input) {
    content.append(input);
  }
  const notification = RED.notify(content, {
    id: ID,
    modal: true,
    fixed: true,
    type,
    buttons: [
      { text: _('history.cancel'), click: () => notification.close() },
      {
        text: yes,
        class: 'primary',
        click() {
          notification.close();
          onYes();
        }
      }
    ]
  });
}

function tellOutcome(_, entry, { missing, credentials, away, isShown }) {
  const lines = [
    _('history.done', { sequence: entry.sequence }),
    credentials === 'kept' && _('history.credentialsKept'),
    missing.length > 0 && _('history.missing', { types: missing.join(', ') }),
    away !== null && _('history.away', { problem: away }),
    !isShown && _('history.notShown')
  ].filter(Boolean);
  const content = $('<div>').append(lines.map((line) => $('<p>').text(line)));
  const isPlain = lines.length === 1;
  RED.notify(content, { type: isPlain ? 'success' : 'warning', timeout: isPlain ? 5000 : 20000 });
}

/** Calls `onDone` when something may be another than before. */
export function createRollBack(api, onDone) {
  const { _ } = api;

  async function run(entry, body) {
    const busy = RED.notify($('<p>').text(_('history.running', { sequence: entry.sequence })), {
      modal: true,
      fixed: true,
      type: 'compact'
    });
    try {
      const outcome = await deployedHere(() => api.post(`history/${entry.sequence}/rollback`, body));
      busy.close();
      tellOutcome(_, entry, outcome);
    } catch (error) {
      busy.close();
      if (error.answer?.code === MISSING) {
        askWithMissing(entry, body, error.answer.missing);
      } else {
        RED.notify($('<p>').text(_('history.failed', { sequence: entry.sequence, problem: error.message })), 'error');
      }
    }
    onDone();
  }

  function askWithMissing(entry, body, types) {
    ask(_, {
      text: _('history.missing', { types: types.join(', ') }),
      more: [_('history.missingStops')],
      type: 'warning',
      yes: _('history.allTheSame'),
      onYes: () => run(entry, { ...body, acceptMissing: true })
    });
  }

  return (entry) => {
    const message = $('<input type="text" class="red-ui-fleet-history-why" maxlength="200">').attr({
      placeholder: _('history.why'),
      'aria-label': _('history.why')
    });
    ask(_, {
      text: _('history.sure', { sequence: entry.sequence, time: timeText(entry) }),
      more: RED.nodes.dirty() ? [_('history.unsaved')] : [],
      input: message,
      type: RED.nodes.dirty() ? 'warning' : 'compact',
      yes: _('history.rollBack'),
      onYes: () => run(entry, { message: message.val() })
    });
  };
}
