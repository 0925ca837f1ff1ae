//! The options `labels`, `runFlows`, `onceLease` and `onceWhenAway`: which tabs run here.

use std::time::Duration;

use serde_json::Value;

use super::Role;
use super::raw::RawOptions;
use crate::{Error, Result};

const DEFAULT_LEASE: Duration = Duration::from_secs(10);
/// A shorter lease would lapse at every hiccup, in ms.
const SHORTEST_LEASE: u64 = 2000;
/// After a longer one nobody would have the tabs of a dead worker for hours, in ms.
pub const LONGEST_LEASE: u64 = 600_000;
const MOST_LABELS: usize = 32;
/// Bytes of a label.
const LONGEST_LABEL: usize = 64;

/// What happens with the `once` tabs that run here while the server is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenAway {
    /// They stop when their lease ends: at most one worker runs each.
    Stop,
    /// They go on: at least one worker runs each.
    Keep,
}

/// Which tabs run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementConfig {
    /// What this instance is called by tabs that run on some; each once.
    pub labels: Vec<String>,
    /// Whether any tab runs here at all.
    pub run_flows: bool,
    /// How long a worker owns a `once` tab without renewing it.
    pub once_lease: Duration,
    /// What happens with them while the server is away.
    pub once_when_away: WhenAway,
}

impl Default for PlacementConfig {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            run_flows: true,
            once_lease: DEFAULT_LEASE,
            once_when_away: WhenAway::Stop,
        }
    }
}

impl PlacementConfig {
    /// Reads and checks the options.
    pub(super) fn read(raw: &RawOptions, role: Role) -> Result<Self> {
        let run_flows = raw.boolean("runFlows")?.unwrap_or(true);
        if !run_flows && role == Role::Worker {
            return Err(Error::option(
                "runFlows",
                "can't be false on a worker, which is there to run flows; leave it out",
            ));
        }
        let lease = raw.whole("onceLease", SHORTEST_LEASE..=LONGEST_LEASE, " of milliseconds")?;
        let words = [("stop", WhenAway::Stop), ("keep", WhenAway::Keep)];
        Ok(Self {
            labels: labels(raw)?,
            run_flows,
            once_lease: lease.map_or(DEFAULT_LEASE, Duration::from_millis),
            once_when_away: raw.one_of("onceWhenAway", &words)?.unwrap_or(WhenAway::Stop),
        })
    }
}

fn labels(raw: &RawOptions) -> Result<Vec<String>> {
    let given: Vec<&str> = match raw.value("labels") {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => {
            text.split(',').map(str::trim).filter(|label| !label.is_empty()).collect()
        }
        Some(Value::Array(labels)) => match labels.iter().map(Value::as_str).collect() {
            Some(labels) => labels,
            None => return Err(wrong(raw)),
        },
        Some(_) => return Err(wrong(raw)),
    };
    let mut labels: Vec<String> = Vec::new();
    for label in given {
        if !is_label(label) {
            return Err(wrong(raw));
        }
        if !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }
    if labels.len() > MOST_LABELS {
        return Err(Error::option("labels", format!("can't be more than {MOST_LABELS}")));
    }
    Ok(labels)
}

/// Whether a text can be a label.
fn is_label(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=LONGEST_LABEL).contains(&text.len()) && text.chars().all(fits)
}

fn wrong(raw: &RawOptions) -> Error {
    raw.wrong(
        "labels",
        &format!(
            "an array (or a text with commas) of labels of 1 to {LONGEST_LABEL} letters, digits and .-_"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use serde_json::json;

    fn parse(role: &str, options: Value) -> Result<PlacementConfig> {
        let mut all = json!({"role": role});
        if let (Some(all), Value::Object(options)) = (all.as_object_mut(), options) {
            all.extend(options);
        }
        Ok(Config::parse(&all)?.0.placement)
    }

    #[test]
    fn labels_are_an_array_or_a_text_with_commas() {
        for given in [json!(["a", "site-b", "a"]), json!("a, site-b"), json!("a,site-b,")] {
            let labels = parse("worker", json!({"labels": given})).unwrap().labels;
            assert_eq!(labels, ["a", "site-b"]);
        }
        for unset in [json!(""), json!([]), json!(null)] {
            let labels = parse("worker", json!({"labels": unset})).unwrap().labels;
            assert!(labels.is_empty());
        }
        let many: Vec<String> = (0..40).map(|number| format!("l{number}")).collect();
        for wrong in
            [json!(5), json!([5]), json!(["a b"]), json!([""]), json!("x".repeat(65)), json!(many)]
        {
            let error = parse("worker", json!({"labels": wrong})).unwrap_err();
            assert!(error.to_string().contains("'labels'"), "{error}");
        }
    }

    #[test]
    fn a_worker_runs_flows() {
        assert!(!parse("admin", json!({"runFlows": "false"})).unwrap().run_flows);
        assert!(parse("worker", json!({"runFlows": true})).unwrap().run_flows);
        assert!(parse("worker", json!({"runFlows": false})).is_err());
    }

    #[test]
    fn the_lease_has_a_least_time_and_a_longest() {
        let chosen = parse("worker", json!({"onceLease": "2000", "onceWhenAway": "keep"})).unwrap();
        assert_eq!(chosen.once_lease, Duration::from_secs(2));
        assert_eq!(chosen.once_when_away, WhenAway::Keep);
        for wrong in [1999, 600_001] {
            assert!(parse("worker", json!({"onceLease": wrong})).is_err());
        }
        assert!(parse("worker", json!({"onceWhenAway": "go"})).is_err());
    }
}
