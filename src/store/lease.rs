//! The admin lease: who may write under the prefix.

use std::time::Duration;

/// How long a lease lives without being renewed.
pub const LEASE: Duration = Duration::from_secs(10);

/// Of what somebody else has put into a lease, no more than this many characters of a name count.
const MOST_NAME: usize = 100;

/// One running admin process. The id stays with the user directory, the process part is new at
/// every start, so that two processes on copies of one directory are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    id: String,
    process: String,
    /// `<process id>@<host name>`, for people.
    place: Option<String>,
}

impl Holder {
    /// A holder from the admin's id and something that no other process has.
    pub fn new(id: impl Into<String>, process: impl Into<String>) -> Self {
        Self { id: id.into(), process: process.into(), place: None }
    }

    /// The same with the place by which other admins name it: its host name and process id.
    #[must_use]
    pub fn at(self, host_name: &str, process_id: u32) -> Self {
        Self { place: Some(format!("{process_id}@{}", name(host_name))), ..self }
    }

    /// The admin's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The lease value.
    pub fn token(&self) -> String {
        let Self { id, process, place } = self;
        match place {
            Some(place) => format!("{id}:{process}:{place}"),
            None => format!("{id}:{process}"),
        }
    }
}

/// What came of asking for the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is ours for the next [`LEASE`].
    Held,
    /// A living admin has it: which, for people.
    Other(String),
}

/// The admin that a lease value tells of, for people: its id and, since leases tell it, where it runs.
/// Anybody with rights on the key may have written it, and it comes into logs and editors: of names
/// nothing is taken but what host names are made of.
pub(super) fn owner_of(token: &str) -> String {
    let mut parts = token.splitn(3, ':');
    let id = name(parts.next().unwrap_or_default());
    let place = parts.nth(1).and_then(|place| {
        let (process_id, host_name) = place.split_once('@')?;
        let process_id: u32 = process_id.parse().ok()?;
        Some(format!("host {}, process {process_id}", name(host_name)))
    });
    match place {
        Some(place) => format!("{id}, {place}"),
        None => id,
    }
}

fn name(text: &str) -> String {
    let plain = |&char: &char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
    let name: String = text.chars().filter(plain).take(MOST_NAME).collect();
    if name.is_empty() { "unknown".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_is_named_by_its_id_its_host_and_its_process() {
        let token = Holder::new("0a1b", "2c3d").at("box-7.example", 4711).token();
        assert_eq!(token, "0a1b:2c3d:4711@box-7.example");
        assert_eq!(owner_of(&token), "0a1b, host box-7.example, process 4711");
    }

    #[test]
    fn a_lease_without_a_place_names_the_id() {
        assert_eq!(owner_of(&Holder::new("0a1b", "2c3d").token()), "0a1b");
        assert_eq!(owner_of("0a1b"), "0a1b");
    }

    #[test]
    fn what_somebody_else_put_there_is_neither_markup_nor_long_nor_a_line_of_its_own() {
        let place = format!("1@<img src=x onerror='f()'>\n[error] {}", "x".repeat(500));
        let named = owner_of(&format!("<b>:2:{place}"));
        assert!(named.starts_with("b, host imgsrcxonerrorferrorxx"), "{named}");
        assert!(named.len() < 150 && !named.contains(['<', '\'', '\n']), "{named}");
        assert_eq!(owner_of(""), "unknown");
        assert_eq!(owner_of("a:b:x@y"), "a");
        assert_eq!(owner_of("a:b:1@"), "a, host unknown, process 1");
    }
}
