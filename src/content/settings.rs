//! The part of Node-RED's settings that instances share.

use super::json::members;
use crate::Result;

const SECRET: &str = "_credentialSecret";
/// What is shared, in the order in which it is written, so that the same content is the same text.
const SHARED: [&str; 3] = [SECRET, "nodes", "users"];

/// The name that errors give to the settings; the text comes from Node-RED, not from a key.
const SOURCE: &str = "settings";

/// Keeps of all settings only what instances share: the list of nodes, the users' preferences and,
/// when `share_secret` is set, the generated secret of the credentials.
pub fn shared_settings(text: &str, share_secret: bool) -> Result<String> {
    let members = members(SOURCE, text)?;
    let mut shared = String::from("{");
    for name in SHARED {
        if name == SECRET && !share_secret {
            continue;
        }
        if let Some((_, value)) = members.iter().find(|(member, _)| member == name) {
            if shared.len() > 1 {
                shared.push(',');
            }
            shared.push('"');
            shared.push_str(name);
            shared.push_str("\":");
            shared.push_str(value.get());
        }
    }
    shared.push('}');
    Ok(shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const ALL: &str = r#"{"instanceId":"i","users":{"_":{"view":1}},"_credentialSecret":"s",
        "nodes":{"a":{"name":"a","version":"1.0.0"}},"projects":{"x":{"credentialSecret":"p"}},
        "modules":{},"telemetryEnabled":false}"#;

    #[test]
    fn keeps_what_is_shared_and_nothing_else() {
        assert_eq!(
            shared_settings(ALL, true).unwrap(),
            r#"{"_credentialSecret":"s","nodes":{"a":{"name":"a","version":"1.0.0"}},"users":{"_":{"view":1}}}"#
        );
    }

    #[test]
    fn keeps_the_secret_only_when_it_is_shared() {
        let shared = shared_settings(ALL, false).unwrap();
        assert!(!shared.contains("ecret"), "{shared}");
        // The same name written otherwise is the same name.
        let escaped = r#"{"\u005fcredentialSecret":"s","nodes":{}}"#;
        assert_eq!(shared_settings(escaped, false).unwrap(), r#"{"nodes":{}}"#);
        assert_eq!(
            shared_settings(escaped, true).unwrap(),
            r#"{"_credentialSecret":"s","nodes":{}}"#
        );
    }

    #[test]
    fn missing_parts_stay_missing() {
        assert_eq!(shared_settings("{}", true).unwrap(), "{}");
        assert_eq!(shared_settings(r#"{"users":{}}"#, true).unwrap(), r#"{"users":{}}"#);
        assert_eq!(
            shared_settings(r#"{"_credentialSecret":false}"#, true).unwrap(),
            r#"{"_credentialSecret":false}"#
        );
    }

    #[test]
    fn the_order_of_the_members_does_not_count() {
        assert_eq!(
            shared_settings(r#"{"users":{},"nodes":{}}"#, true).unwrap(),
            shared_settings(r#"{"nodes":{},"x":1,"users":{}}"#, true).unwrap()
        );
    }

    #[test]
    fn anything_but_an_object_is_an_error() {
        for text in ["", "[]", "null", r#"{"_credentialSecret":"s""#] {
            let error = shared_settings(text, true).unwrap_err();
            assert!(matches!(&error, Error::Value { key, .. } if key == "settings"), "{error}");
        }
    }
}
