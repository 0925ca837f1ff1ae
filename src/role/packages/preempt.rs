//! An npm run that takes long must not keep the next list waiting.

use std::time::Duration;

use super::Packages;
use super::heard::{Heard, REREAD_LIST};
use crate::npm;
use crate::packages::{PackageList, Wanted};
use crate::role::next_change;
use crate::role::pace::Pace;

/// How long npm may work on a list before another one ends it: most runs are over by then, and
/// what they have done is of use to the next list too.
pub(super) const GRACE: Duration = Duration::from_secs(30);
/// Before npm that was told to end is told again.
const AGAIN: Duration = Duration::from_secs(1);

impl Packages {
    /// One change by npm for `list`. It is ended when it takes longer than its time of grace and
    /// another list is stored by then; the outcome says so.
    pub(super) async fn change(
        &self,
        install: &[Wanted],
        remove: &[String],
        list: &PackageList,
        heard: &Heard,
    ) -> npm::Outcome {
        let change = self.npm.change(install, remove);
        tokio::pin!(change);
        let mut grace = self.grace;
        loop {
            tokio::select! {
                outcome = &mut change => return outcome,
                () = self.superseded(list, heard.clone(), grace) => self.npm.stop(),
            }
            grace = AGAIN;
        }
    }

    /// Waits until `grace` is over and another list is stored.
    async fn superseded(&self, list: &PackageList, mut heard: Heard, grace: Duration) {
        tokio::time::sleep(grace).await;
        let mut connection = self.store.connection().state();
        let mut pace = Pace::new();
        loop {
            heard.note();
            connection.borrow_and_update();
            if let Ok(Some(stored)) = self.store.read_packages().await
                && stored != *list
            {
                return;
            }
            tokio::select! {
                () = heard.news() => {}
                () = next_change(&mut connection) => {}
                () = tokio::time::sleep(REREAD_LIST) => {}
            }
            pace.take().await;
        }
    }
}
