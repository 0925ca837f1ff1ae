//! The shared part of Node-RED's settings.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// The parts of the settings that instances share: which nodes are enabled, and the users'
/// editor settings. Never `projects`, `modules` or `instanceId`, which belong to one instance.
const SHARED: [&str; 2] = ["nodes", "users"];

/// The shared settings as JSON text, from the whole settings (`{}` when there are none) and the
/// secret that decrypts the credentials they are stored with.
pub fn shared(settings: &str, secret: Option<&str>) -> Result<String> {
    let malformed = |error: serde_json::Error| {
        Error::Internal(format!("settings are not an object (column {})", error.column()))
    };
    let all: BTreeMap<String, Box<RawValue>> = serde_json::from_str(settings).map_err(malformed)?;
    let mut parts: BTreeMap<&str, Box<RawValue>> = all
        .iter()
        .filter(|(name, _)| SHARED.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    if let Some(secret) = secret {
        let value = serde_json::value::to_raw_value(secret).map_err(malformed)?;
        parts.insert("_credentialSecret", value);
    }
    serde_json::to_string(&parts).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn only_the_shared_parts_are_kept() {
        let all = r#"{"instanceId":"i","nodes":{"a":1},"users":{"_":{}},"projects":{"p":1},"modules":{}}"#;
        assert_eq!(shared(all, None).unwrap(), r#"{"nodes":{"a":1},"users":{"_":{}}}"#);
    }

    #[test]
    fn the_secret_comes_from_the_deploy_not_from_the_settings() {
        let all = r#"{"_credentialSecret":"old","nodes":{}}"#;
        assert_eq!(shared(all, Some("new")).unwrap(), r#"{"_credentialSecret":"new","nodes":{}}"#);
        assert_eq!(shared(all, None).unwrap(), r#"{"nodes":{}}"#);
    }

    #[test]
    fn what_is_no_object_is_refused_without_showing_it() {
        let error = shared("[\"secret\"]", None).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
