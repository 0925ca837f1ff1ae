//! Keys of other context stores: what their names say.

use super::ContextStore;
use crate::error::Result;

/// The shortest text that is taken for an id by its looks.
const SHORTEST_ID: usize = 8;

/// A key of another store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Foreign {
    /// Its name on the server.
    pub(crate) key: String,
    /// Where it is in the context.
    pub(crate) scope: String,
    /// Its name there.
    pub(crate) name: String,
}

impl ContextStore {
    /// The keys that begin with `head`, which another store has called `<head><scope>:<name>`, each once.
    pub(crate) async fn foreign(
        &self,
        session: u64,
        head: &str,
        most: usize,
    ) -> Result<Vec<Foreign>> {
        let parse = |key: &str| {
            let (scope, name) = split(key.strip_prefix(head)?)?;
            Some(Foreign { key: key.to_owned(), scope: scope.to_owned(), name: name.to_owned() })
        };
        let mut found = self.names(session, head, most, parse).await?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Scope and name. Others put names behind the scope as they are, with a `:` in them as well; what is a scope is then
/// seen from what ids look like, and otherwise the last `:` ends it.
fn split(rest: &str) -> Option<(&str, &str)> {
    let (first, behind) = rest.split_once(':')?;
    let (scope, name) = match behind.split_once(':') {
        _ if first == "global" => (first, behind),
        Some((second, name)) if is_id(first) && is_id(second) => {
            (rest.get(..first.len() + 1 + second.len())?, name)
        }
        Some(_) if is_id(first) => (first, behind),
        Some(_) => rest.rsplit_once(':')?,
        None => (first, behind),
    };
    (!scope.is_empty() && !name.is_empty()).then_some((scope, name))
}

/// Whether it looks like an id that Node-RED has made, or some of nested subflows.
fn is_id(text: &str) -> bool {
    text.split('-').all(|part| {
        part.len() >= SHORTEST_ID && part.chars().all(|c| c.is_ascii_hexdigit() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_from_names() {
        for (rest, scope, name) in [
            ("global:a", "global", "a"),
            ("global:a:b:c", "global", "a:b:c"),
            ("5b17c82f.6a0888:foo", "5b17c82f.6a0888", "foo"),
            ("5b17c82f.6a0888:foo:bar", "5b17c82f.6a0888", "foo:bar"),
            ("36b85111.47f5fe:5b17c82f.6a0888:foo", "36b85111.47f5fe:5b17c82f.6a0888", "foo"),
            ("0123456789abcdef:fedcba9876543210:a:b", "0123456789abcdef:fedcba9876543210", "a:b"),
            ("0123456789abcdef-fedcba98:fedcba98:a", "0123456789abcdef-fedcba98:fedcba98", "a"),
            ("tab1:x y", "tab1", "x y"),
            ("node1:tab1:k", "node1:tab1", "k"),
        ] {
            assert_eq!(split(rest), Some((scope, name)), "{rest}");
        }
        for rest in ["", "flows", ":a", "global:", "a:", ":"] {
            assert_eq!(split(rest), None, "{rest}");
        }
    }
}
