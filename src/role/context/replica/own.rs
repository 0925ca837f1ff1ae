//! What this instance does to keys.

use super::change::{Part, apply, is_parsed};
use super::entry::Pending;
use super::{Change, Name, Replica, Segment, Text, cost};
use crate::error::Result;

impl Replica {
    /// Sets whole values, all or none.
    pub(in crate::role::context) fn set(
        &mut self,
        scope: &str,
        changes: Vec<(String, Text)>,
    ) -> Result<()> {
        let mut bytes = self.bytes;
        for (key, text) in &changes {
            let before = cost(scope, key, &self.text(scope, key));
            bytes = (bytes + cost(scope, key, text)).saturating_sub(before);
            if text.is_some() {
                self.check_read(scope, key)?;
                self.limits.check(scope, key, text, bytes, self.bytes)?;
            }
        }
        for (key, text) in changes {
            self.change(&Name::new(scope, &key), Change::Whole(text));
        }
        Ok(())
    }

    /// Sets a part of a value, or takes it away; false if that is more than can be done here, and the value as a whole
    /// is to be set.
    pub(in crate::role::context) fn set_part(
        &mut self,
        scope: &str,
        key: &str,
        path: Vec<Segment>,
        text: Text,
    ) -> Result<bool> {
        self.check_read(scope, key)?;
        let before = self.text(scope, key);
        let part = Part { path, text };
        let Some(after) = apply(std::slice::from_ref(&part), &before) else {
            // Nested deeper, or half a character: JavaScript takes more for JSON than what is parsed here.
            return Ok(part.text.is_none() && is_parsed(&before));
        };
        let grown = cost(scope, key, &after);
        let bytes = (self.bytes + grown).saturating_sub(cost(scope, key, &before));
        if part.text.is_some() {
            self.limits.check(scope, key, &after, bytes, self.bytes)?;
        }
        self.change(&Name::new(scope, key), Change::Parts(vec![part]));
        Ok(true)
    }

    /// Fails if the server has a value that did not fit here.
    fn check_read(&self, scope: &str, key: &str) -> Result<()> {
        match !self.left_out.is_empty() && self.left_out.contains(&Name::new(scope, key)) {
            true => Err(self.limits.left_out(key)),
            false => Ok(()),
        }
    }

    /// Whether a key may become this.
    pub(in crate::role::context) fn check(&self, name: &Name, text: &Text) -> Result<()> {
        let before = cost(&name.scope, &name.key, &self.text(&name.scope, &name.key));
        let bytes = (self.bytes + cost(&name.scope, &name.key, text)).saturating_sub(before);
        self.limits.check(&name.scope, &name.key, text, bytes, self.bytes)
    }

    /// Deletes a scope; JavaScript is told as of others' changes.
    pub(in crate::role::context) fn clear(&mut self, scope: &str) {
        for key in self.names(scope) {
            let name = Name::new(scope, &key);
            self.change(&name, Change::Whole(None));
            self.changed.insert(name);
        }
    }

    pub(super) fn change(&mut self, name: &Name, change: Change) {
        let synced = self.synced;
        let entry = self.scopes.entry(name.scope.clone()).or_default();
        let entry = entry.entry(name.key.clone()).or_default();
        let pending = match entry.pending.take() {
            Some(Pending { change: before, mut guard }) => {
                if let Some(guard) = &mut guard {
                    guard.repeats = false;
                }
                Pending { change: before.then(change), guard }
            }
            None => Pending { change, guard: (!synced).then(|| entry.guard()) },
        };
        entry.pending = Some(pending);
        self.dirty.insert(name.clone());
        self.refresh(name, false);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::*;
    use crate::config::ContextConfig;
    use crate::store::context::Stored;

    fn part(replica: &mut Replica, name: &str, text: Option<&str>) -> Result<bool> {
        let path = vec![Segment::Name(name.into())];
        replica.set_part("global", "a", path, text.map(Into::into))
    }

    #[test]
    fn what_can_not_be_taken_apart_is_told() {
        let mut replica = Replica::new(Limits::new(&ContextConfig::default()), false);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(part(&mut replica, "x", Some("0.30000000000000004")).unwrap());
        assert!(!part(&mut replica, "y", Some(&deep)).unwrap());
        assert!(!part(&mut replica, "y", Some(r#""\ud800""#)).unwrap());
        assert!(part(&mut replica, "y", None).unwrap());
        // Others' numbers stay what they are.
        let odd = "122.416294033786585";
        let exact: f64 = odd.parse().unwrap();
        replica.set("global", vec![("a".into(), Some(format!("[{odd}]").into()))]).unwrap();
        let path = vec![Segment::Index(1)];
        assert!(replica.set_part("global", "a", path, Some("1".into())).unwrap());
        let after = replica.text("global", "a").unwrap();
        assert_eq!(&*after, &format!("[{exact},1]"));
    }

    #[test]
    fn what_did_not_fit_is_not_overwritten() {
        let config = ContextConfig { max_value: 1000, max_total: 1000, ..ContextConfig::default() };
        let mut replica = Replica::new(Limits::new(&config), false);
        let (first, second) = (Name::new("global", "first"), Name::new("global", "a"));
        replica.begin([first.clone(), second.clone()]);
        let large = || Some(Stored::encode(&format!("\"{}\"", "x".repeat(700)).into(), false).0);
        replica.read(&first, large());
        replica.read(&second, large());
        assert_eq!((replica.left_out(), replica.text("global", "a")), (1, None));
        replica.set("global", vec![("first".into(), None)]).unwrap();
        let small = || vec![("a".into(), Some("1".into()))];
        assert_eq!(replica.set("global", small()).unwrap_err().code(), "ERR_VALKEY_CONTEXT_LIMIT");
        part(&mut replica, "x", Some("1")).unwrap_err();
        assert!(replica.retry_left_out());
        assert!(replica.take_stale(9).contains(&second));
        replica.read(&second, large());
        assert_eq!(replica.left_out(), 0);
        replica.set("global", small()).unwrap();
    }
}
