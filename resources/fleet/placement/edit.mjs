// A change of a tab's placement in the editor, as its own dialogue would make it: to be undone, and to be deployed.

import { withPlacement } from './value.mjs';

/** Whether this user may deploy what is changed here. */
export const mayEdit = () => RED.user.hasPermission('flows.write');

export function setPlacement(tab, placement) {
  const env = withPlacement(tab.env, placement);
  if (JSON.stringify(env) === JSON.stringify(tab.env ?? [])) {
    return;
  }
  RED.history.push({
    t: 'edit',
    node: tab,
    changes: { env: tab.env },
    changed: tab.changed,
    dirty: RED.nodes.dirty()
  });
  tab.env = env;
  tab.changed = true;
  RED.nodes.dirty(true);
  RED.workspaces.refresh();
  RED.events.emit('flows:change', tab);
}
