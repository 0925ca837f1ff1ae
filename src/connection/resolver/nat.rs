//! From the address that servers announce to the one under which they are reached.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::Located;
use crate::config::{Endpoint, NatTable};
use crate::connection::hooks::NatMap;

/// How long the user's function may think.
const THINKING_LIMIT: Duration = Duration::from_secs(1);

/// `natMap` in either form.
#[derive(Clone)]
pub(super) struct Nat {
    table: NatTable,
    function: Option<Arc<dyn NatMap>>,
}

impl Nat {
    pub(super) fn new(table: &NatTable, function: Option<Arc<dyn NatMap>>) -> Self {
        Self { table: table.clone(), function }
    }

    /// The server that was announced so, as it is reached.
    pub(super) async fn locate(&self, announced: Endpoint) -> Located {
        let name = announced.to_string();
        // ioredis writes IPv6 addresses without brackets.
        let bare = name.replace(['[', ']'], "");
        let mut reached = self.table.get(&name).or_else(|| self.table.get(&bare)).cloned();
        if let Some(function) = &self.function {
            match tokio::time::timeout(THINKING_LIMIT, function.reach(bare)).await {
                Ok(answer) => reached = answer,
                Err(_) => warn!("option 'natMap' did not answer; {announced} is left as it is"),
            }
        }
        Located { endpoint: reached.unwrap_or_else(|| announced.clone()), announced }
    }
}

impl std::fmt::Debug for Nat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nat").field("table", &self.table).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;

    struct Known;
    impl NatMap for Known {
        fn reach(&self, announced: String) -> BoxFuture<'_, Option<Endpoint>> {
            let known = announced == "::1:1";
            Box::pin(async move { known.then(|| tcp("reached", 2)) })
        }
    }

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.into(), port }
    }

    #[tokio::test]
    async fn the_table_and_the_function_replace_what_they_know() {
        let table = NatTable::from([("a:1".to_owned(), tcp("b", 2))]);
        let nat = Nat::new(&table, None);
        let located = nat.locate(tcp("a", 1)).await;
        assert_eq!((located.endpoint, located.announced), (tcp("b", 2), tcp("a", 1)));
        assert_eq!(nat.locate(tcp("a", 2)).await.endpoint, tcp("a", 2));
        let nat = Nat::new(&NatTable::new(), Some(Arc::new(Known)));
        assert_eq!(nat.locate(tcp("::1", 1)).await.endpoint, tcp("reached", 2));
        assert_eq!(nat.locate(tcp("a", 1)).await.endpoint, tcp("a", 1));
    }
}
