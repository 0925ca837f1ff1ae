//! Setting a part of a value by its path, with the answers of Node-RED's `setObjectProperty`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Segment {
    /// Position in an array, or a name that is a number.
    Index(u64),
    /// Name of a property.
    Name(String),
}

impl Segment {
    fn name(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => name.clone(),
        }
    }

    /// What is made where nothing is, to take this step into.
    fn container(&self) -> Value {
        match self {
            Self::Index(_) => Value::Array(Vec::new()),
            Self::Name(_) => Value::Object(Map::new()),
        }
    }

    /// The position in an array; `None` for a name that is none.
    fn position(&self) -> Option<usize> {
        match self {
            Self::Index(index) => usize::try_from(*index).ok(),
            Self::Name(name) => name.parse().ok().filter(|at: &usize| at.to_string() == *name),
        }
    }
}

/// An array gets no longer than this by one step beyond its end.
pub(super) const LONGEST_ARRAY: usize = 1_000_000;

/// Sets what is at `path` below `root` (`None`: nothing is there yet); without a value, takes it
/// away. Whether anything was done: where something on the way is no object and no array, nothing is.
pub(super) fn set(root: &mut Option<Value>, path: &[Segment], value: Option<Value>) -> bool {
    let Some((last, way)) = path.split_last() else {
        *root = value;
        return true;
    };
    let creates = value.is_some();
    let first = way.first().unwrap_or(last);
    if root.is_none() {
        if !creates {
            return false;
        }
        *root = Some(first.container());
    }
    let Some(mut at) = root.as_mut() else { return false };
    for (step, segment) in way.iter().enumerate() {
        let next = path.get(step + 1).unwrap_or(last);
        match enter(at, segment, next, creates) {
            Some(inner) => at = inner,
            None => return false,
        }
    }
    match value {
        Some(value) => put(at, last, value),
        None => remove(at, last),
    }
}

fn enter<'v>(
    at: &'v mut Value,
    segment: &Segment,
    next: &Segment,
    creates: bool,
) -> Option<&'v mut Value> {
    match at {
        Value::Object(members) => {
            let name = segment.name();
            if !members.contains_key(&name) {
                if !creates {
                    return None;
                }
                members.insert(name.clone(), next.container());
            }
            members.get_mut(&name).filter(|inner| inner.is_object() || inner.is_array())
        }
        Value::Array(items) => {
            let position = segment.position()?;
            if position >= items.len() {
                if !creates || position >= LONGEST_ARRAY {
                    return None;
                }
                items.resize(position, Value::Null);
                items.push(next.container());
            }
            items.get_mut(position).filter(|inner| inner.is_object() || inner.is_array())
        }
        _ => None,
    }
}

fn put(at: &mut Value, last: &Segment, value: Value) -> bool {
    match at {
        Value::Object(members) => {
            members.insert(last.name(), value);
            true
        }
        Value::Array(items) => match last.position() {
            Some(position) if position < LONGEST_ARRAY => {
                if position >= items.len() {
                    items.resize(position + 1, Value::Null);
                }
                if let Some(item) = items.get_mut(position) {
                    *item = value;
                }
                true
            }
            // A property of an array that is no position is not in its JSON text.
            _ => false,
        },
        _ => false,
    }
}

fn remove(at: &mut Value, last: &Segment) -> bool {
    match at {
        // The order of the others stays.
        Value::Object(members) => members.shift_remove(&last.name()).is_some(),
        Value::Array(items) => match (last, last.position()) {
            (Segment::Index(_), Some(position)) if position < items.len() => {
                items.remove(position);
                true
            }
            // `delete array['0']` leaves a hole.
            (Segment::Name(_), Some(position)) => match items.get_mut(position) {
                Some(item) => {
                    *item = Value::Null;
                    true
                }
                None => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// What is at `path` below `root`.
pub(super) fn get<'v>(root: Option<&'v Value>, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(root?, |at, segment| match at {
        Value::Object(members) => members.get(&segment.name()),
        Value::Array(items) => items.get(segment.position()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(root: Value, path: Value, value: Option<Value>) -> (bool, Option<Value>) {
        let mut root = Some(root).filter(|root| !root.is_null());
        let path: Vec<Segment> = serde_json::from_value(path).unwrap();
        let done = set(&mut root, &path, value);
        (done, root)
    }

    /// As `@node-red/util` 4.1 answers for `setObjectProperty({ root }, 'root' + path, value)`.
    #[test]
    fn parts_are_set_as_node_red_sets_them() {
        for (root, path, expected) in [
            (json!({"a": 1}), json!(["b"]), json!({"a": 1, "b": 9})),
            (json!({"a": {"b": 1}}), json!(["a", "b"]), json!({"a": {"b": 9}})),
            (json!(null), json!(["a", "b"]), json!({"a": {"b": 9}})),
            (json!(null), json!([0]), json!([9])),
            (json!(null), json!(["a", 1, "b"]), json!({"a": [null, {"b": 9}]})),
            (json!([1, 2]), json!([1]), json!([1, 9])),
            (json!([1]), json!([3]), json!([1, null, null, 9])),
            (json!({}), json!([0]), json!({"0": 9})),
            (json!([{"a": 1}]), json!([0, "a"]), json!([{"a": 9}])),
            (json!([[1]]), json!(["0", 0]), json!([[9]])),
        ] {
            let result = after(root.clone(), path.clone(), Some(json!(9)));
            assert_eq!(result, (true, Some(expected)), "{root} {path}");
        }
    }

    #[test]
    fn nothing_is_made_below_what_is_no_object() {
        for (root, path) in [
            (json!(5), json!(["a"])),
            (json!("text"), json!([0])),
            (json!({"a": 5}), json!(["a", "b"])),
            (json!({"a": null}), json!(["a", "b"])),
            (json!([null]), json!([0, "b"])),
            (json!([1]), json!(["name"])),
            (json!([1]), json!([LONGEST_ARRAY])),
        ] {
            let result = after(root.clone(), path.clone(), Some(json!(9)));
            assert_eq!(result, (false, Some(root)), "{path}");
        }
    }

    #[test]
    fn parts_are_taken_away_and_elements_spliced() {
        for (root, path, expected) in [
            (json!({"a": 1, "b": 2, "c": 3}), json!(["a"]), json!({"b": 2, "c": 3})),
            (json!([1, 2, 3]), json!([1]), json!([1, 3])),
            (json!([1, 2]), json!(["1"]), json!([1, null])),
            (json!({"a": [{"b": 1}]}), json!(["a", 0, "b"]), json!({"a": [{}]})),
            (json!({"0": 1}), json!([0]), json!({})),
        ] {
            let result = after(root.clone(), path.clone(), None);
            assert_eq!(result, (true, Some(expected)), "{root} {path}");
        }
        for (root, path) in [(json!({"a": 1}), json!(["b", "c"])), (json!([1]), json!([5]))] {
            assert_eq!(after(root.clone(), path, None), (false, Some(root)));
        }
        assert_eq!(after(json!(null), json!(["a"]), None), (false, None));
    }

    #[test]
    fn parts_are_found() {
        let root = json!({"a": [{"0": "x"}]});
        let path = [Segment::Name("a".into()), Segment::Index(0), Segment::Index(0)];
        assert_eq!(get(Some(&root), &path), Some(&json!("x")));
        assert_eq!(get(None, &path), None);
    }
}
