//! The part of Node-RED's settings that instances share.

use super::json::members;
use crate::{Error, Result};

const SECRET: &str = "_credentialSecret";

/// What is shared beside the secret, in the order in which it is written, so that the same content
/// is the same text.
const SHARED: [&str; 2] = ["nodes", "users"];

/// The name that errors give to the settings; the text comes from Node-RED, not from a key.
const SOURCE: &str = "settings";

/// Keeps of all settings only what instances share: the list of nodes and the users' preferences;
/// and adds the secret that decrypts the credentials they are stored with. A secret in `text` is
/// left out: Node-RED may have changed it before it encrypts the credentials anew.
pub fn shared_settings(text: &str, secret: Option<&str>) -> Result<String> {
    let members = members(SOURCE, text)?;
    let mut parts = Vec::new();
    if let Some(secret) = secret {
        let value =
            serde_json::to_string(secret).map_err(|error| Error::Internal(error.to_string()))?;
        parts.push(format!("\"{SECRET}\":{value}"));
    }
    for name in SHARED {
        if let Some((_, value)) = members.iter().find(|(member, _)| member == name) {
            parts.push(format!("\"{name}\":{}", value.get()));
        }
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

/// The secret in shared settings, if there is one.
pub fn shared_secret(text: &str) -> Option<String> {
    let members = members(SOURCE, text).ok()?;
    let (_, value) = members.iter().find(|(member, _)| member == SECRET)?;
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = r#"{"instanceId":"i","users":{"_":{"view":1}},"_credentialSecret":"old",
        "nodes":{"a":{"name":"a","version":"1.0.0"}},"projects":{"x":{"credentialSecret":"p"}},
        "modules":{},"telemetryEnabled":false}"#;

    #[test]
    fn keeps_what_is_shared_and_nothing_else() {
        assert_eq!(
            shared_settings(ALL, Some("new \"one\"")).unwrap(),
            r#"{"_credentialSecret":"new \"one\"","nodes":{"a":{"name":"a","version":"1.0.0"}},"users":{"_":{"view":1}}}"#
        );
    }

    #[test]
    fn the_secret_comes_from_the_deploy_and_never_from_the_settings() {
        let shared = shared_settings(ALL, None).unwrap();
        assert!(!shared.contains("ecret"), "{shared}");
        // The same name written otherwise is the same name.
        let escaped = r#"{"\u005fcredentialSecret":"s","nodes":{}}"#;
        assert_eq!(shared_settings(escaped, None).unwrap(), r#"{"nodes":{}}"#);
    }

    #[test]
    fn missing_parts_stay_missing() {
        assert_eq!(shared_settings("{}", None).unwrap(), "{}");
        assert_eq!(shared_settings(r#"{"users":{}}"#, None).unwrap(), r#"{"users":{}}"#);
        assert_eq!(shared_settings("{}", Some("s")).unwrap(), r#"{"_credentialSecret":"s"}"#);
    }

    #[test]
    fn the_order_of_the_members_does_not_count() {
        assert_eq!(
            shared_settings(r#"{"users":{},"nodes":{}}"#, None).unwrap(),
            shared_settings(r#"{"nodes":{},"x":1,"users":{}}"#, None).unwrap()
        );
    }

    #[test]
    fn anything_but_an_object_is_an_error_that_does_not_show_it() {
        for text in ["", "[]", "null", r#"{"_credentialSecret":"hidden""#] {
            let error = shared_settings(text, None).unwrap_err();
            assert!(matches!(&error, Error::Value { key, .. } if key == "settings"), "{error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }
}
