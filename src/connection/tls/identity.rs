//! Has the name in a certificate judged where `rustls` does not do it.

use std::time::Duration;

use tracing::instrument::WithSubscriber;

use crate::config::{Identity, TlsConfig};
use crate::error::{Error, Result};

/// How long the answer may take.
const THINKING_LIMIT: Duration = Duration::from_secs(5);

/// Characters of a reason that are shown.
const LONGEST_REASON: usize = 400;

/// Asks; no answer is a refusal.
pub(super) async fn ask(tls: &TlsConfig, host: &str, chain: Vec<Vec<u8>>) -> Result<()> {
    let what = if tls.custom_identity { "checkServerIdentity" } else { "the check of its name" };
    let refused = |why: String| Error::Tls {
        problem: format!("the server's certificate is refused for '{host}': {}", one_line(&why)),
    };
    let Some(decider) = tls.decider.clone() else {
        return Err(refused("it has a common name only, and nobody to compare it".to_owned()));
    };
    let identity = Identity { option: tls.option, host: host.to_owned(), chain };
    // A task of its own: a decider that blocks its thread must not block the connection.
    let answer = async move { decider.0.check(identity).await };
    let mut task = tokio::spawn(answer.with_current_subscriber());
    match tokio::time::timeout(THINKING_LIMIT, &mut task).await {
        Ok(Ok(answer)) => answer.map_err(refused),
        Ok(Err(_)) => Err(refused(format!("{what} failed"))),
        Err(_) => {
            task.abort();
            let limit = THINKING_LIMIT.as_millis();
            Err(refused(format!("{what} did not answer within {limit} ms")))
        }
    }
}

/// A reason may quote the certificate, which anybody can have written.
fn one_line(why: &str) -> String {
    let mut line: String = why.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    if line.len() < why.len() {
        line.push('…');
    }
    line
}
