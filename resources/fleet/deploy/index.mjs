// One notification after Deploy: how many workers run it.

import { progressOf, progressText } from './progress.mjs';

/** ms until it is said who does not run it. */
const PATIENCE = 15000;
/** ms between two looks. */
const LOOK = 1000;
/** ms for which it is shown that all do. */
const SHOWN = 5000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Shows the text in the one notification, whatever is in it. */
function createNotification(_) {
  let shown;
  let said = '';
  const close = () => {
    shown?.close();
    shown = undefined;
    said = '';
  };
  return {
    show(text, type) {
      if (text === said) {
        return;
      }
      said = text;
      const content = $('<p>').text(text);
      // With an id Node-RED would show a sign of warning beside Deploy, and without `silent` shake it at each count.
      const options = {
        type,
        fixed: true,
        silent: true,
        buttons: type === 'warning' ? [{ text: _('deploy.close'), click: close }] : undefined
      };
      if (shown && !shown.closed) {
        shown.update(content, options);
      } else {
        shown = RED.notify(content, options);
      }
    },
    close
  };
}

export const deployPart = {
  start(api) {
    const { _ } = api;
    const notification = createNotification(_);
    let deploys = 0;

    RED.events.on('deploy', async () => {
      const deploy = (deploys += 1);
      const isLast = () => deploy === deploys;
      const end = performance.now() + PATIENCE;
      notification.close();
      let last;
      while (isLast() && performance.now() < end) {
        const progress = await look(api);
        if (!isLast()) {
          return;
        }
        if (progress) {
          last = progress;
          if (progress.total === 0) {
            return;
          }
          const isDone = progress.late.length === 0;
          notification.show(progressText(_, progress, false), isDone ? 'success' : 'compact');
          if (isDone) {
            await wait(SHOWN);
            if (isLast()) {
              notification.close();
            }
            return;
          }
        }
        await wait(LOOK);
      }
      if (last && isLast()) {
        notification.show(progressText(_, last, true), 'warning');
      }
    });
  }
};

/** How it stands now; undefined where that is not known, or this user may not. */
async function look(api) {
  try {
    const deployed = await api.get('deployed');
    return deployed.revision === null ? undefined : progressOf(deployed, await api.get('fleet'));
  } catch {
    return undefined;
  }
}
