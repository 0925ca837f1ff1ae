//! What a change does when nothing fails.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::directory::{Directory, is_complete, names, npm_in, wanted};
use super::registry::Registry;

fn registry() -> Registry {
    let registry = Registry::start();
    for version in ["1.0.0", "1.1.0", "2.0.0", "3.0.0-beta.1"] {
        registry.publish("plain", version, json!({ "dependencies": { "below": "^1.0.0" } }));
        registry.publish("@scope/one", version, json!({}));
        registry.publish("other", version, json!({}));
    }
    registry.publish("below", "1.0.0", json!({}));
    registry
}

#[tokio::test]
async fn one_run_installs_all_and_writes_exact_versions() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    let list = wanted(&["plain@1.0.0", "@scope/one@>=1 <2", "other@3.0.0-beta.1"]);
    let outcome = npm.change(&list, &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(outcome.runs, 1);
    let installed = wanted(&["plain@1.0.0", "@scope/one@1.1.0", "other@3.0.0-beta.1"]);
    assert_eq!(outcome.installed, installed);
    for (name, version) in
        [("plain", "1.0.0"), ("@scope/one", "1.1.0"), ("other", "3.0.0-beta.1"), ("below", "1.0.0")]
    {
        assert_eq!(directory.version(name).as_deref(), Some(version));
    }
    let saved = directory.dependencies("dependencies");
    assert_eq!(saved["plain"], "1.0.0");
    assert_eq!(saved["@scope/one"], "1.1.0");
    assert!(directory.read("package.json").contains("\"node-red-project\""));
    assert!(!directory.has(".node-red-storage-valkey/npm-run.json"));
}

#[tokio::test]
async fn an_upgrade_and_a_removal_take_one_run() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    directory.write("package.json", "{\n\t\"name\": \"mine\",\n\t\"dependencies\": {}\n}\n");
    npm.change(&wanted(&["plain@1.0.0", "other@1.0.0"]), &[]).await;
    let outcome = npm.change(&wanted(&["other@2.0.0"]), &names(&["plain"])).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(outcome.runs, 1);
    assert_eq!(outcome.removed, ["plain"]);
    assert_eq!(directory.version("other").as_deref(), Some("2.0.0"));
    assert!(!directory.has("node_modules/plain") && !directory.has("node_modules/below"));
    assert_eq!(directory.dependencies("dependencies").len(), 1);
    assert!(directory.read("package.json").contains("\n\t\"name\": \"mine\""));
}

#[tokio::test]
async fn a_removal_alone_takes_one_run_and_leaves_the_others() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    npm.change(&wanted(&["plain@1.0.0", "other@1.0.0", "@scope/one@1.0.0"]), &[]).await;
    let outcome = npm.change(&[], &names(&["plain", "@scope/one", "never-there"])).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(outcome.runs, 1);
    assert_eq!(outcome.removed, ["plain", "@scope/one", "never-there"]);
    assert!(!directory.has("node_modules/plain") && !directory.has("node_modules/below"));
    assert_eq!(directory.version("other").as_deref(), Some("1.0.0"));
    assert_eq!(directory.dependencies("dependencies").len(), 1);
    assert_eq!(npm.change(&[], &names(&["plain"])).await.runs, 0);
}

#[tokio::test]
async fn what_package_json_no_longer_names_goes_too() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    npm.change(&wanted(&["plain@1.0.0", "other@1.0.0"]), &[]).await;
    directory.write("package.json", r#"{"dependencies":{"other":"1.0.0"}}"#);
    let outcome = npm.change(&[], &names(&["plain"])).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert!(!directory.has("node_modules/plain"));
}

#[tokio::test]
async fn a_development_or_optional_dependency_becomes_one_of_the_others() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let text = r#"{"devDependencies":{"plain":"1.0.0"},"optionalDependencies":{"other":"1.0.0"}}"#;
    directory.write("package.json", text);
    let outcome = directory.npm().change(&wanted(&["plain@1.0.0", "other@1.0.0"]), &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(directory.dependencies("dependencies").len(), 2);
}

#[tokio::test]
async fn scripts_run_unless_they_are_switched_off() {
    let registry = Registry::start();
    let script = json!({ "scripts": { "install": "echo ran > ran.txt" } });
    registry.publish("scripted", "1.0.0", script);
    for (scripts, ran) in [(None, true), (Some(true), true), (Some(false), false)] {
        let directory = Directory::new(&registry);
        let npm = node_red_storage_valkey::npm::Npm::new(directory.path(), "npm", vec![], scripts);
        let outcome = npm.change(&wanted(&["scripted@1.0.0"]), &[]).await;
        assert!(is_complete(&outcome), "{outcome:?}");
        assert_eq!(directory.has("node_modules/scripted/ran.txt"), ran, "{scripts:?}");
    }
}

/// Run by the next test in an environment of its own.
#[tokio::test]
#[ignore = "part of another test"]
async fn misled() {
    let Some(path) = std::env::var_os("NPM_TEST_DIRECTORY") else { return };
    let outcome = npm_in(path.as_ref()).change(&wanted(&["other@1.0.0"]), &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
}

#[test]
fn neither_a_project_above_nor_an_environment_leads_npm_elsewhere() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let above = directory.above().join("package.json");
    let project = r#"{"name":"above","version":"1.0.0","workspaces":["user"]}"#;
    fs::write(&above, project).unwrap();
    let elsewhere = directory.above().join("elsewhere");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "changes::misled", "--ignored", "--nocapture"])
        .env("NPM_TEST_DIRECTORY", directory.path())
        .env("npm_config_global", "true")
        .env("NPM_CONFIG_LOCATION", "global")
        .env("npm_config_local_prefix", directory.above())
        .env("npm_config_prefix", &elsewhere)
        .env("npm_config_dry_run", "true")
        .env("npm_config_save_dev", "true")
        .env("npm_config_json", "true")
        .env("npm_config_workspace", "user")
        .env("NPM_CONFIG_OMIT", "prod")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(directory.version("other").as_deref(), Some("1.0.0"));
    assert_eq!(directory.dependencies("dependencies").len(), 1);
    assert_eq!(fs::read_to_string(above).unwrap(), project);
    assert!(!elsewhere.exists() && !directory.above().join("node_modules").exists());
}
