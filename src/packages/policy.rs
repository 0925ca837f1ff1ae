//! Node-RED's `externalModules.palette.allowList` and `denyList`.

use regex_lite::Regex;

use super::version::satisfies;

/// Which packages may be installed; gives the answers that Node-RED's palette does.
#[derive(Debug, Clone)]
pub struct Policy {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

/// One entry of a list, e.g. `@scope/*@1.x`.
#[derive(Debug, Clone)]
struct Rule {
    /// `None` for a pattern that can't be read.
    name: Option<Regex>,
    version: Option<String>,
    /// Place of the first `*`; without one, the rule is the most exact.
    wildcard: usize,
    /// Length of the pattern as JavaScript prints it, for rules that are alike otherwise.
    length: usize,
}

/// The version that a rule is held against.
#[derive(Clone, Copy)]
enum Candidate<'v> {
    Any,
    Exact(&'v str),
    Range,
}

impl Policy {
    /// The two lists of settings.js; one that is not given, beside one that is, stands for `*`.
    pub fn new(allow: Option<&[String]>, deny: Option<&[String]>) -> Self {
        let any = || vec![Rule::any()];
        let rules = |list: &[String]| list.iter().filter_map(|rule| Rule::read(rule)).collect();
        match (allow, deny) {
            (None, None) => Self { allow: any(), deny: Vec::new() },
            (allow, deny) => {
                Self { allow: allow.map_or_else(any, rules), deny: deny.map_or_else(any, rules) }
            }
        }
    }

    /// Whether a package may be installed. Without a version, rules for one version only count
    /// for the package as a whole, as in Node-RED.
    pub fn allows(&self, name: &str, version: Option<&str>) -> bool {
        self.decide(name, version.map_or(Candidate::Any, Candidate::Exact))
    }

    /// Whether a package may be installed in any version. What Node-RED would look up first is
    /// not known here: a rule that forbids one version forbids, one that allows one doesn't allow.
    pub fn allows_any_version(&self, name: &str) -> bool {
        self.decide(name, Candidate::Range)
    }

    fn decide(&self, name: &str, version: Candidate<'_>) -> bool {
        let allowed = self.allow.iter().find(|rule| rule.matches(name, version, false));
        let denied = self.deny.iter().find(|rule| rule.matches(name, version, true));
        match (allowed, denied) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(allowed), Some(denied)) => match allowed.wildcard == denied.wildcard {
                true => allowed.length > denied.length,
                false => allowed.wildcard > denied.wildcard,
            },
        }
    }
}

impl Rule {
    fn any() -> Self {
        Self { name: Regex::new("^.*$").ok(), version: None, wildcard: 0, length: 6 }
    }

    /// `None` for an empty entry, with which Node-RED does not start.
    fn read(rule: &str) -> Option<Self> {
        let first = rule.chars().next()?;
        let rest = rule.get(first.len_utf8()..).unwrap_or_default();
        let (name, version) = match rest.split_once('@') {
            Some((name, version)) => (format!("{first}{name}"), Some(version.to_owned())),
            None => (rule.to_owned(), None),
        };
        let wildcard = name
            .find('*')
            .map_or(usize::MAX, |at| name.get(..at).unwrap_or_default().encode_utf16().count());
        // Node-RED makes a regular expression of it and escapes nothing.
        let pattern = format!("^{}$", name.replace('*', ".*"));
        let length = pattern.encode_utf16().count() + pattern.matches('/').count() + 2;
        let name = Regex::new(&pattern).ok();
        if name.is_none() {
            tracing::warn!(
                "an entry of externalModules.palette.allowList or denyList is a pattern that can't be read here: as an allowed one it counts for nothing, as a denied one for every package"
            );
        }
        Some(Self { name, version: version.filter(|text| !text.is_empty()), wildcard, length })
    }

    fn matches(&self, name: &str, version: Candidate<'_>, denying: bool) -> bool {
        let Some(pattern) = &self.name else { return denying };
        pattern.is_match(name)
            && match (&self.version, version) {
                (None, _) | (_, Candidate::Any) => true,
                (Some(range), Candidate::Exact(version)) => satisfies(version, range),
                (Some(_), Candidate::Range) => denying,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// What Node-RED 4.1 answers.
    #[derive(Deserialize)]
    struct Case {
        allow: Option<Vec<String>>,
        deny: Option<Vec<String>>,
        name: String,
        version: Option<String>,
        allowed: bool,
    }

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let list = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>();
        Policy::new(Some(&list(allow)), Some(&list(deny)))
    }

    #[test]
    fn the_answers_are_those_of_node_red() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("answers/policy.json")).unwrap();
        assert!(cases.len() > 500);
        for case in cases {
            let policy = Policy::new(case.allow.as_deref(), case.deny.as_deref());
            let (name, version) = (&case.name, case.version.as_deref());
            let lists = (&case.allow, &case.deny);
            assert_eq!(policy.allows(name, version), case.allowed, "{name} {version:?} {lists:?}");
        }
    }

    #[test]
    fn a_rule_for_one_version_never_opens_the_door_for_a_range() {
        assert!(!policy(&["a@1.x"], &["*"]).allows_any_version("a"));
        assert!(!policy(&["*"], &["a@1.x"]).allows_any_version("a"));
        assert!(policy(&["a"], &["*"]).allows_any_version("a"));
        assert!(policy(&["*"], &["b@1.x"]).allows_any_version("a"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_forbids() {
        assert!(!policy(&["a"], &["(?=a)"]).allows("b", None));
        assert!(!policy(&["(?=a)"], &["*"]).allows("a", None));
    }
}
