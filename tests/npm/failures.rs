//! One bad package doesn't keep the others out; what concerns all is told once.

use std::net::TcpListener;

use node_red_storage_valkey::npm::{Npm, Outcome};
use serde_json::json;

use super::directory::{Directory, is_complete, names, wanted};
use super::registry::Registry;

const MANY: usize = 32;

fn registry() -> Registry {
    let registry = Registry::start();
    for number in 0..MANY {
        registry.publish(&format!("good-{number}"), "1.0.0", json!({}));
    }
    registry
}

/// Installs the good ones together with bad ones, and checks that all good ones come in.
async fn install(registry: &Registry, bad: &[&str]) -> Outcome {
    let directory = Directory::new(registry);
    let mut specs: Vec<String> = (0..MANY).map(|number| format!("good-{number}@1.0.0")).collect();
    for (place, spec) in bad.iter().enumerate() {
        specs.insert(9 + 12 * place, (*spec).to_owned());
    }
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    let outcome = directory.npm().change(&wanted(&specs), &[]).await;
    assert_eq!(outcome.fault, None);
    assert_eq!(outcome.installed.len(), MANY);
    for number in 0..MANY {
        assert_eq!(directory.version(&format!("good-{number}")).as_deref(), Some("1.0.0"));
    }
    assert_eq!(directory.dependencies("dependencies").len(), MANY);
    let mut failed: Vec<_> = outcome.failed.iter().map(|f| f.name.as_str()).collect();
    failed.sort_unstable();
    let mut expected: Vec<_> = bad.iter().map(|s| s.rsplit_once('@').unwrap().0).collect();
    expected.sort_unstable();
    assert_eq!(failed, expected);
    outcome
}

#[tokio::test]
async fn what_npm_names_costs_one_run_each() {
    let registry = registry();
    let outcome = install(&registry, &["missing@1.0.0", "good-1-too@7.0.0"]).await;
    assert_eq!(outcome.runs, 3);
    let missing = outcome.failed.iter().find(|failure| failure.name == "missing");
    let reason = &missing.unwrap().reason;
    assert!(reason.starts_with("code E404\n") && reason.contains("'missing@1.0.0'"), "{reason}");
    assert!(!reason.contains("debug-0.log") && reason.lines().count() <= 10, "{reason}");

    registry.publish("old", "1.0.0", json!({}));
    let outcome = install(&registry, &["old@2.0.0"]).await;
    assert_eq!(outcome.runs, 2);
    assert!(outcome.failed[0].reason.contains("old@2.0.0"), "{:?}", outcome.failed);
}

#[tokio::test]
async fn what_npm_does_not_name_is_found_by_halving() {
    let registry = registry();
    // An archive that is gone is told by its URL only, and one of a dependency not by the name
    // of the package that needs it.
    registry.publish("archive", "1.0.0", json!({}));
    registry.lose_archive("archive");
    let outcome = install(&registry, &["archive@1.0.0"]).await;
    assert!(outcome.runs <= 8, "{} runs", outcome.runs);

    registry.publish("needy", "1.0.0", json!({ "dependencies": { "nowhere": "^1.0.0" } }));
    let outcome = install(&registry, &["needy@1.0.0", "archive@1.0.0"]).await;
    assert!(outcome.runs <= 16, "{} runs", outcome.runs);
}

#[tokio::test]
async fn a_script_that_fails_keeps_only_its_own_package_out() {
    let registry = registry();
    let script = "echo needs token=hidden-one >&2; exit 3";
    registry.publish("broken", "1.0.0", json!({ "scripts": { "install": script } }));
    let outcome = install(&registry, &["broken@1.0.0"]).await;
    assert_eq!(outcome.runs, 3);
    let reason = &outcome.failed[0].reason;
    assert!(reason.contains("needs token=***") && !reason.contains("hidden-one"), "{reason}");
}

#[tokio::test]
async fn a_package_that_may_not_be_had_keeps_only_itself_out() {
    let registry = registry();
    registry.refuse("private", 403);
    let outcome = install(&registry, &["private@1.0.0"]).await;
    assert!(outcome.failed[0].reason.contains("E403"), "{:?}", outcome.failed);
}

#[tokio::test]
async fn a_registry_that_refuses_everything_is_told_once() {
    let registry = registry();
    let directory = Directory::new(&registry);
    let specs: Vec<String> = (0..MANY).map(|number| format!("good-{number}@1.0.0")).collect();
    (0..MANY).for_each(|number| registry.refuse(&format!("good-{number}"), 401));
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    let outcome = directory.npm().change(&wanted(&specs), &[]).await;
    assert!(outcome.fault.unwrap().to_string().contains("E401"));
    assert!(outcome.runs <= 12, "{} runs", outcome.runs);
}

#[tokio::test]
async fn a_registry_that_is_away_is_told_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let registry = registry();
    let directory = Directory::new(&registry);
    let options = directory.read(".npmrc");
    let away = format!("registry=http://someone:hidden-one@127.0.0.1:{port}/\n");
    directory.write(".npmrc", &format!("{options}{away}"));
    let list = wanted(&["good-1@1.0.0", "good-2@1.0.0", "good-3@1.0.0"]);
    let outcome = directory.npm().change(&list, &[]).await;
    let fault = outcome.fault.unwrap();
    assert_eq!(fault.code(), "ERR_VALKEY_NPM");
    let text = fault.to_string();
    assert!(text.contains("can't be reached") && text.contains("ECONNREFUSED"), "{text}");
    assert!(!text.contains("hidden-one"), "{text}");
    assert_eq!((outcome.runs, outcome.failed.len()), (1, 0));
}

#[tokio::test]
async fn without_npm_the_error_says_so() {
    let directory = Directory::new(&registry());
    let npm = Npm::new(directory.path(), "no-such-npm", Vec::new(), None);
    let outcome = npm.change(&wanted(&["good-1@1.0.0"]), &[]).await;
    let text = outcome.fault.unwrap().to_string();
    assert!(text.starts_with("npm: 'no-such-npm' was not found"), "{text}");
    assert!(!directory.has(".node-red-storage-valkey/npm-run.json"));

    let npm = Npm::new(directory.path(), "node", vec!["no-such-npm.js".to_owned()], None);
    let outcome = npm.change(&wanted(&["good-1@1.0.0"]), &[]).await;
    assert!(outcome.failed[0].reason.contains("no-such-npm.js"), "{outcome:?}");
}

#[tokio::test]
async fn what_counts_is_the_disk_and_not_what_npm_says() {
    let directory = Directory::new(&registry());
    let npm = Npm::new(directory.path(), "true", Vec::new(), None);
    directory.write("node_modules/stays/package.json", r#"{"name":"stays","version":"1.0.0"}"#);
    directory.write("node_modules/good-2/package.json", r#"{"name":"good-2","version":"0.9.0"}"#);
    let list = wanted(&["good-1@1.0.0", "good-2@1.0.0"]);
    let outcome = npm.change(&list, &names(&["stays"])).await;
    assert!(outcome.installed.is_empty() && outcome.removed.is_empty());
    let failed: Vec<_> = outcome.failed.iter().map(|failure| failure.name.as_str()).collect();
    assert_eq!(failed, ["good-1", "good-2", "stays"]);
}

#[tokio::test]
async fn a_broken_package_json_is_left_as_it_is() {
    let directory = Directory::new(&registry());
    directory.write("package.json", "{ broken");
    let outcome = directory.npm().change(&wanted(&["good-1@1.0.0"]), &names(&["a"])).await;
    assert!(outcome.fault.unwrap().to_string().contains("package.json"));
    assert_eq!(directory.read("package.json"), "{ broken");
}

/// npm 8 and older; later ones clear such a folder away themselves.
#[tokio::test]
async fn folders_that_a_dead_npm_left_aside_do_not_stop_the_next() {
    let directory = Directory::new(&Registry::start());
    directory.write("node_modules/good-1/package.json", r#"{"name":"good-1","version":"1.0.0"}"#);
    directory.write("node_modules/.good-1-AbCd0123/left.js", "");
    directory.write(
        "old-npm.js",
        "const fs = require('fs');
         if (fs.existsSync('node_modules/.good-1-AbCd0123')) {
           console.error('npm ERR! code ENOTEMPTY');
           process.exit(1);
         }
         fs.writeFileSync('node_modules/good-1/package.json', '{\"version\":\"2.0.0\"}');",
    );
    let npm = Npm::new(directory.path(), "node", vec!["old-npm.js".to_owned()], None);
    let outcome = npm.change(&wanted(&["good-1@2.0.0"]), &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!(outcome.runs, 2);
}

#[tokio::test]
async fn a_conflict_of_peers_is_overridden_and_told() {
    let registry = Registry::start();
    for version in ["1.0.0", "2.0.0"] {
        registry.publish("host", version, json!({}));
    }
    registry.publish("for-old", "1.0.0", json!({ "peerDependencies": { "host": "^1.0.0" } }));
    registry.publish("other", "1.0.0", json!({}));
    let directory = Directory::new(&registry);
    let npm = directory.npm();
    let list = wanted(&["for-old@1.0.0", "host@2.0.0"]);
    let outcome = npm.change(&list, &[]).await;
    assert!(is_complete(&outcome), "{outcome:?}");
    assert_eq!((outcome.installed, outcome.runs), (list, 2));
    assert_eq!(directory.version("host").as_deref(), Some("2.0.0"));
    let [conflict] = outcome.overridden.as_slice() else { panic!("{:?}", outcome.overridden) };
    assert!(conflict.contains("peer host@\"^1.0.0\" from for-old@1.0.0"), "{conflict}");
    assert!(!conflict.contains("--force"), "{conflict}");
    // What comes and goes later is not kept back by it.
    let later = npm.change(&wanted(&["other@1.0.0"]), &[]).await;
    assert!(is_complete(&later), "{later:?}");
    let removal = npm.change(&[], &names(&["for-old"])).await;
    assert!(is_complete(&removal) && directory.version("for-old").is_none(), "{removal:?}");
    assert_eq!(directory.version("host").as_deref(), Some("2.0.0"));
    // Asked for alone, there is no conflict.
    assert!(npm.change(&wanted(&["other@1.0.0"]), &[]).await.overridden.is_empty());
}
