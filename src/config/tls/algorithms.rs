//! Cipher suites and curves by the names that OpenSSL and IANA give them.

/// Names as OpenSSL, IANA and `rustls` write them.
const SUITES: [[&str; 3]; 9] = [
    ["TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "TLS13_AES_256_GCM_SHA384"],
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS13_AES_128_GCM_SHA256"],
    [
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS13_CHACHA20_POLY1305_SHA256",
    ],
    [
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    ],
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ],
    [
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ],
    [
        "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ],
    [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ],
    [
        "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ],
];

/// What there is none of here, so that to exclude it is granted.
const NEVER: &[&str] = &[
    "aNULL", "eNULL", "NULL", "EXPORT", "EXP", "LOW", "DES", "3DES", "RC2", "RC4", "MD5", "SHA1",
    "SHA", "IDEA", "SEED", "CAMELLIA", "ARIA", "PSK", "SRP", "kRSA", "DSS", "aDSS", "DH", "aDH",
    "ADH", "AECDH", "DHE", "kDHE", "EDH", "kEDH", "AESCCM", "AESCCM8", "CBC",
];

const GROUPS: [(&[&str], &str); 3] = [
    (&["X25519", "x25519"], "X25519"),
    (&["P-256", "prime256v1", "secp256r1"], "secp256r1"),
    (&["P-384", "secp384r1"], "secp384r1"),
];

/// The cipher suites of a list; the error is the rest of a sentence. As in Node.js, a list
/// without a suite of TLS 1.3 leaves those as they are.
pub(super) fn cipher_suites(list: &str) -> Result<Option<Vec<&'static str>>, String> {
    let mut suites = Vec::new();
    for name in list.split([':', ',', ' ']).filter(|name| !name.is_empty()) {
        if name.strip_prefix('!').is_some_and(|excluded| NEVER.contains(&excluded)) {
            continue;
        }
        let Some([.., suite]) =
            SUITES.iter().find(|[openssl, iana, _]| name == *openssl || name == *iana)
        else {
            let all: Vec<_> = SUITES.iter().map(|[openssl, ..]| *openssl).collect();
            return Err(format!(
                "holds {}, which is not to be had here; leave it out, or name some of {}",
                shown(name),
                all.join(":")
            ));
        };
        if !suites.contains(suite) {
            suites.push(*suite);
        }
    }
    if suites.is_empty() {
        return Ok(None);
    }
    if !suites.iter().any(|suite| suite.starts_with("TLS13_")) {
        let modern = SUITES.iter().map(|[.., suite]| *suite);
        suites.extend(modern.filter(|suite| suite.starts_with("TLS13_")));
    }
    Ok(Some(suites))
}

/// The key exchange groups of a list.
pub(super) fn groups(list: &str) -> Result<Option<Vec<&'static str>>, String> {
    if list.is_empty() || list == "auto" {
        return Ok(None);
    }
    let mut groups = Vec::new();
    for name in list.split(':').filter(|name| !name.is_empty()) {
        let Some((_, group)) = GROUPS.iter().find(|(names, _)| names.contains(&name)) else {
            return Err(format!(
                "holds {}, which is not to be had here; leave it out, or name some of X25519:P-256:P-384",
                shown(name)
            ));
        };
        if !groups.contains(group) {
            groups.push(*group);
        }
    }
    Ok((!groups.is_empty()).then_some(groups))
}

/// A name of the user's, cut when it is long.
fn shown(name: &str) -> String {
    let visible: String = name.chars().filter(|c| !c.is_control()).take(50).collect();
    format!("'{visible}'")
}
