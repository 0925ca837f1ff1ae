// What is deployed, in place of what this editor shows.

function askFlows() {
  return new Promise((resolve, reject) => {
    $.ajax({ headers: { Accept: 'application/json' }, cache: false, url: 'flows' }).then(resolve, (xhr) =>
      reject(new Error(`${xhr.status} ${xhr.statusText}`))
    );
  });
}

function show({ flows, rev }) {
  const active = RED.workspaces.active();
  RED.nodes.clear();
  RED.history.clear();
  RED.nodes.version(rev);
  RED.nodes.import(flows);
  RED.nodes.dirty(false);
  const tabs = RED.nodes.getWorkspaceOrder();
  const shown = tabs.includes(active) ? active : tabs[0];
  if (shown) {
    RED.workspaces.show(shown);
  }
  RED.view.redraw(true);
  RED.palette.refresh();
  RED.sidebar.config.refresh();
}

/**
 * Runs what deploys for this editor, and shows what is deployed then; `isShown` is false where that can't be had, and a
 * deploy of this editor meets Node-RED's question about conflicts. Meanwhile Node-RED's notice of flows that somebody else
 * has deployed is not for this editor: it is given to none that has no revision.
 */
export async function deployedHere(deploy) {
  const revision = RED.nodes.version();
  let deployed;
  let outcome;
  RED.nodes.version(null);
  try {
    outcome = await deploy();
    deployed = await askFlows().catch(() => undefined);
  } finally {
    RED.nodes.version(revision);
  }
  if (deployed) {
    show(deployed);
  }
  RED.events.emit('deploy');
  return { ...outcome, isShown: Boolean(deployed) };
}
