//! A package list that an admin finds and does not keep up, because it does not synchronise packages.

use super::Inner;
use super::reconcile_state::ReconcileState;

impl Inner {
    /// Says once that workers go on with such a list. Whether it is still wanted only an operator
    /// knows, so it stays.
    pub(super) async fn tell_of_old_list(&self, known: &mut ReconcileState) {
        if self.config.sync_packages || known.old_list_asked {
            return;
        }
        match self.store.read_packages().await {
            // The next round asks again.
            Err(error) if error.is_passing() => return,
            Ok(Some(list)) if !list.is_empty() => tracing::warn!(
                "'syncPackages' is false, and Valkey holds a package list of before ({}): workers that synchronise go on installing it; delete the key '{}' to end that, which uninstalls nothing",
                list.len(),
                self.store.keys().packages()
            ),
            Ok(_) => {}
            Err(error) => tracing::debug!("{error}"),
        }
        known.old_list_asked = true;
    }
}
