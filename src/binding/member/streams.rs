//! What instances tell those who look at them, for JavaScript.

use std::collections::HashMap;

use napi::bindgen_prelude::Either3;
use napi_derive::napi;

use super::Member;
use crate::role::member;

/// Who looks at this instance.
#[napi(object, object_from_js = false)]
pub struct Watched {
    /// Counts the connections: what was told on an earlier one may be lost.
    pub session: f64,
    /// Kinds, separated by commas, by who looks; nobody: empty.
    pub by: HashMap<String, String>,
}

/// What was heard of those that this instance looks at.
#[napi(object, object_from_js = false)]
pub struct Heard {
    /// Anybody may have written them.
    pub messages: Vec<String>,
    /// How many there were besides.
    pub left_out: f64,
}

/// More than JavaScript counts exactly is not counted here.
#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[napi]
impl Member {
    /// From here on, the event `watched` tells when others begin or cease to look at this instance.
    #[napi]
    pub fn follow_watch(&self) -> napi::Result<()> {
        let core = self.instance.core()?.clone();
        let log = self.instance.log();
        napi::bindgen_prelude::within_runtime_if_available(|| {
            tracing::dispatcher::with_default(&log, || core.follow_watch());
        });
        Ok(())
    }

    /// Who looks at this instance, which others know by its id and by this name.
    #[napi]
    pub fn watched(&self, name: String) -> napi::Result<Watched> {
        let member::Watched { session, by } = self.instance.core()?.watched(&name);
        Ok(Watched { session: number(session), by: by.into_iter().collect() })
    }

    /// Tells those who look. Returns at once; false when it was dropped, because there is no connection
    /// or too much is on its way.
    #[napi]
    pub fn publish(&self, text: String) -> napi::Result<bool> {
        let core = self.instance.core()?.clone();
        let log = self.instance.log();
        Ok(napi::bindgen_prelude::within_runtime_if_available(|| {
            tracing::dispatcher::with_default(&log, || core.publish(text))
        }))
    }

    /// In the background: looks at this for the next 30 s: kinds, separated by commas, by id or name of an
    /// instance, `*` for all; at nothing any more if it is empty. What comes is told with the event
    /// `heard`.
    #[napi]
    pub fn look_in_background(
        &self,
        call: u32,
        wants: HashMap<String, String>,
    ) -> napi::Result<()> {
        Ok(self.instance.in_background(call, async move |core| {
            core.look(&wants.into_iter().collect()).await?;
            Ok(Either3::C(true))
        })?)
    }

    /// Takes what was heard; empty when there is nothing new. Of messages that are left out, those of the
    /// next second are not told with an event.
    #[napi]
    pub fn take_heard(&self) -> napi::Result<Heard> {
        let member::Heard { messages, left_out } = self.instance.core()?.take_heard();
        Ok(Heard { messages, left_out: number(left_out) })
    }
}
