// Compiled by `npm run lint:types`, never run: what `openCore` makes of the classes of the binding.

import type storage = require('../../index');
import type { AdminCore, StorageModule, WorkerCore } from '../../lib/types/core';

/** The module that Node-RED is given is what users are told. */
export const published = (module: StorageModule): typeof storage => module;

export async function use(admin: AdminCore, worker: WorkerCore): Promise<void> {
  const mirrored: boolean = (await admin.background.mirrorDeploy('[]', '{}', undefined, 'project')).done;
  const onlyInValkey: string = await admin.background.reconcileLibrary('{}');
  const settled: boolean = await worker.background.packagesSettled(1000);
  const flows: string | undefined = (await worker.beginPending())?.flows;
  void [mirrored, onlyInValkey, settled, flows];

  // @ts-expect-error `openCore` numbers the calls
  void admin.background.mirrorDeploy(1, '[]', '{}');
  // @ts-expect-error it is called `background.mirrorDeploy`
  void admin.mirrorDeployInBackground;
  // @ts-expect-error nobody waits for this one
  void admin.reconcileLibrary;
  // @ts-expect-error a worker saves nothing
  void worker.mirrorDeploy;
  // @ts-expect-error a text
  void worker.applied(1);
}
