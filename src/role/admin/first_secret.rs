//! The secret that Node-RED has generated before there is anything to decrypt.
//!
//! Workers of earlier modules read it once, at their start. With a deploy it goes as a part of that.

use std::sync::Arc;

use super::slot::{Kind, Slot};
use super::{Admin, Inner, Mirrored};
use crate::error::Result;
use crate::store::look::Found;

/// The secret that credentials will be encrypted with.
pub(super) struct FirstSecret;

impl Kind for FirstSecret {
    type Value = Arc<str>;

    fn slot(inner: &Inner) -> &Slot<Arc<str>> {
        &inner.slots.first_secret
    }

    async fn converge(
        inner: &Inner,
        secret: Arc<str>,
        _: bool,
        _: &Found,
    ) -> Result<Option<String>> {
        let settings = {
            let disk = inner.disk();
            if disk.deploy.is_some() {
                return Ok(None);
            }
            inner.shared(&disk.settings, Some(&secret))?
        };
        inner.store.write_first_settings(&inner.holder, &settings).await
    }
}

impl Admin {
    /// Takes the secret that Node-RED has generated, at the call: it reaches Valkey also when nothing
    /// has been deployed yet. Ends as [`Admin::mirror_deploy`] does.
    pub fn mirror_secret(
        &self,
        secret: String,
    ) -> impl Future<Output = Result<Mirrored>> + Send + use<> {
        let shares = self.inner.config.share_credential_secret;
        let generation = shares.then(|| self.inner.slots.first_secret.put(secret.into()));
        self.inner.wake();
        let inner = self.inner.clone();
        async move {
            match generation {
                Some(generation) => inner.slot_mirrored::<FirstSecret>(generation).await,
                None => Ok(Mirrored::Unchanged),
            }
        }
    }
}
