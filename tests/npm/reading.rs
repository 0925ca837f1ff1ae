//! What is read from disk without npm.

use std::collections::BTreeSet;
use std::time::Instant;

use super::directory::Directory;
use super::registry::Registry;

fn package(directory: &Directory, name: &str, version: &str) {
    let text = format!(r#"{{"name":"{name}","version":"{version}"}}"#);
    directory.write(&format!("node_modules/{name}/package.json"), &text);
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn an_empty_directory_has_nothing() {
    let directory = Directory::new(&Registry::start());
    let npm = directory.npm();
    assert_eq!(npm.installed(&set(&["a"])).await.unwrap(), Default::default());
    assert_eq!(npm.dependencies(&set(&[])).await.unwrap(), Default::default());
    assert!(!npm.repair().await.unwrap());
    assert!(!directory.has("package.json"));
}

#[tokio::test]
async fn installed_tells_what_is_on_disk_and_what_is_declared() {
    let directory = Directory::new(&Registry::start());
    package(&directory, "a", "1.0.0");
    package(&directory, "@s/b", "2.0.0");
    package(&directory, "not-asked", "1.0.0");
    directory.write("node_modules/half/index.js", "");
    directory.write("node_modules/broken/package.json", "{");
    directory.write("package.json", r#"{"dependencies":{"a":"~1.0.0","gone":"1.0.0","x":7}}"#);
    let asked = set(&["a", "@s/b", "half", "broken", "gone", "../../etc", "x"]);
    let installed = directory.npm().installed(&asked).await.unwrap();
    let versions: Vec<_> =
        installed.versions.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(versions, [("@s/b", "2.0.0"), ("a", "1.0.0")]);
    let declared: Vec<_> =
        installed.declared.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(declared, [("a", "~1.0.0"), ("gone", "1.0.0")]);
}

#[tokio::test]
async fn dependencies_have_exact_versions_and_reasons() {
    let directory = Directory::new(&Registry::start());
    for (name, version) in [
        ("a", "1.2.3"),
        ("@s/b", "2.0.0-beta.1"),
        ("tagged", "1.0.0"),
        ("optional", "1.0.0"),
        ("odd", "1.0.0-a.tgz"),
    ] {
        package(&directory, name, version);
    }
    directory.write("linked-one/package.json", r#"{"name":"linked","version":"1.0.0"}"#);
    #[cfg(unix)]
    std::os::unix::fs::symlink("../linked-one", directory.path().join("node_modules/linked"))
        .unwrap();
    directory.write(
        "package.json",
        r#"{"dependencies":{
            "a":"~1.0.0","@s/b":"*","tagged":"latest","excluded":"1.0.0","optional":"1.0.0",
            "linked":"1.0.0","file":"file:nodes/file.tgz","folder":"../folder","git":"git+ssh://g/x.git","hub":"user/hub",
            "url":"https://h/x.tgz","alias":"npm:a@1","work":"workspace:*","bad name":"1.0.0","number":7,
            "hidden":"1.0.0","odd":"^1.0.0-0","odd.tar-gz":"1.0.0","locked":"^3.0.0","nowhere":"1.0.0"},
           "optionalDependencies":{"optional":"1.0.0"},"devDependencies":{"dev":"1.0.0"}}"#,
    );
    directory.write(
        "node_modules/.package-lock.json",
        r#"{"packages":{"node_modules/hidden":{"version":"4.0.0"},"node_modules/nowhere":{"link":true}}}"#,
    );
    directory.write(
        "package-lock.json",
        r#"{"packages":{"":{"name":"x"},"node_modules/hidden":{"version":"3.0.0"},"node_modules/locked":{"version":"3.1.0"}}}"#,
    );
    let found = directory.npm().dependencies(&set(&["excluded"])).await.unwrap();
    let versions: Vec<_> = found.versions.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        versions,
        [
            ("@s/b", "2.0.0-beta.1"),
            ("a", "1.2.3"),
            ("hidden", "4.0.0"),
            ("locked", "3.1.0"),
            ("tagged", "1.0.0")
        ]
    );
    let skipped: Vec<_> = found
        .skipped
        .iter()
        .map(|skipped| (skipped.name.as_str(), skipped.reason.as_str()))
        .collect();
    assert_eq!(
        skipped,
        [
            ("linked", "is linked to a local folder"),
            ("file", "is a local folder or file"),
            ("folder", "is a local folder or file"),
            ("git", "comes from a git repository"),
            ("hub", "comes from a git repository"),
            ("url", "comes from a URL"),
            ("alias", "is an alias of another package"),
            ("work", "is part of a workspace"),
            ("bad name", "has a name that npm does not install"),
            ("number", "has no text for a version"),
            ("odd", "has a version that is not to be asked for: 1.0.0-a.tgz"),
            ("odd.tar-gz", "has a name that npm does not install"),
        ]
    );
    assert_eq!(found.unknown, ["nowhere"]);
}

#[tokio::test]
async fn two_thousand_names_are_read_quickly() {
    let directory = Directory::new(&Registry::start());
    let names: BTreeSet<String> = (0..2000).map(|number| format!("p-{number}")).collect();
    names.iter().for_each(|name| package(&directory, name, "1.0.0"));
    let npm = directory.npm();
    let began = Instant::now();
    assert_eq!(npm.installed(&names).await.unwrap().versions.len(), 2000);
    let took = began.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
}
