//! The members of an option that is an object.

use serde_json::{Map, Value};

use super::notice::Notice;
use super::raw::RawOptions;
use super::suggest::suggest;
use super::value::is_empty_text;
use crate::Result;

/// Characters of an unknown member's name that are shown.
const SHOWN: usize = 60;

/// A member that is there: neither null nor the empty text of a variable that is not set.
pub(super) fn given<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    members.get(name).filter(|value| !value.is_null() && !is_empty_text(value))
}

/// The members of an option that is an object; warns of those that are not known.
pub(super) fn members<'r>(
    raw: &'r RawOptions,
    option: &str,
    known: &'static [&'static str],
    notices: &mut Vec<Notice>,
) -> Result<Option<&'r Map<String, Value>>> {
    let members = match raw.value(option) {
        None => return Ok(None),
        Some(Value::Object(members))
            if !members.contains_key("$function") && !members.contains_key("$buffer") =>
        {
            members
        }
        Some(_) => {
            let names: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
            let (last, others) =
                names.split_last().map_or(("", &[][..]), |(last, all)| (last, all));
            let text = match others {
                [] => format!("an object with {last}"),
                others => format!("an object with {} and {last}", others.join(", ")),
            };
            return Err(raw.wrong(option, &text));
        }
    };
    notices.extend(members.keys().filter(|name| !known.contains(&name.as_str())).map(|name| {
        let hint = suggest(name, known.iter().copied())
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default();
        let shown: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        Notice::warning(format!("unknown '{shown}' in option '{option}' is ignored{hint}"))
    }));
    Ok(Some(members))
}
