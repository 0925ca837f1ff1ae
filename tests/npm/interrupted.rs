//! A process and its npm that die in the middle leave nothing that a start can't put right.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::directory::{Directory, is_complete, names, npm_in, until, wanted};
use super::ending::{group_is_alive, pid};
use super::registry::Registry;

const MARK: &str = ".node-red-storage-valkey/npm-run.json";
const PACKAGES: usize = 24;

fn registry() -> Registry {
    let registry = Registry::start();
    for version in ["1.0.0", "2.0.0"] {
        for number in 0..PACKAGES {
            let needs = format!("below-{}", number % 4);
            registry.publish(
                &format!("p-{number}"),
                version,
                json!({ "dependencies": { needs: "1.0.0", "split": version }, "bin": { format!("c-{number}"): "cli.js" } }),
            );
        }
        registry.publish("@scope/p", version, json!({ "dependencies": { "split": "2.0.0" } }));
        registry.publish("split", version, json!({}));
    }
    (0..4).for_each(|number| registry.publish(&format!("below-{number}"), "1.0.0", json!({})));
    registry
}

/// The packages before: half of them, in the first version, besides one that nobody knows of.
fn first() -> Vec<String> {
    let mut first: Vec<String> = (0..PACKAGES / 2).map(|n| format!("p-{n}@1.0.0")).collect();
    first.push("@scope/p@1.0.0".to_owned());
    first
}

/// The change: a third of them upgraded, one removed, the other half new.
fn second() -> Vec<String> {
    let old = (0..PACKAGES / 6).map(|n| format!("p-{n}@2.0.0"));
    let new = (PACKAGES / 2..PACKAGES).map(|n| format!("p-{n}@1.0.0"));
    old.chain(new).chain(["@scope/p@2.0.0".to_owned()]).collect()
}

async fn change(path: &Path, specs: &[String], remove: &[&str]) {
    let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
    let outcome = npm_in(path).change(&wanted(&specs), &names(remove)).await;
    assert!(is_complete(&outcome), "{outcome:?}");
}

/// Run by the others as the process that dies.
#[tokio::test]
#[ignore = "part of another test"]
async fn dying() {
    let Some(path) = std::env::var_os("NPM_TEST_DIRECTORY") else { return };
    change(path.as_ref(), &second(), &["p-11"]).await;
}

fn start_dying(directory: &Directory) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "interrupted::dying", "--ignored"])
        .env("NPM_TEST_DIRECTORY", directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}

fn kill_group(pid: u32) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status();
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of one package, without those nested in it.
fn files_of(tree: &Files, name: &str) -> Files {
    let inside = format!("{name}/");
    let nested = format!("{name}/node_modules/");
    let own = |place: &&String| place.starts_with(&inside) && !place.starts_with(&nested);
    tree.keys().filter(own).map(|place| (place.clone(), tree[place].clone())).collect()
}

/// A directory with the packages of before.
async fn before(registry: &Registry) -> Directory {
    let directory = Directory::new(registry);
    directory.write("node_modules/by-hand/index.js", "");
    change(&directory.path(), &first(), &[]).await;
    directory.write("node_modules/by-hand/index.js", "");
    directory.write("node_modules/.cache-of-somebody/x", "");
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_run_completes_the_tree() {
    let registry = registry();
    let reference = before(&registry).await;
    let old = reference.tree();
    change(&reference.path(), &second(), &["p-11"]).await;
    let new = reference.tree();
    assert_ne!(old, new);

    let mut seen_half = false;
    // Delays in ms after npm began to change the folder, and once when it has removed what it
    // had moved aside but may not have come to its end.
    for moment in [Some(0_u64), Some(15), Some(60), Some(250), None] {
        let directory = before(&registry).await;
        let mut dying = start_dying(&directory);
        until("npm runs", || pid(&directory).is_some());
        let npm = pid(&directory).unwrap();
        until("it has begun to change node_modules, or is done", || {
            directory.has("node_modules/p-20") || !directory.has(MARK)
        });
        match moment {
            Some(delay) => thread::sleep(Duration::from_millis(delay)),
            None => until("nothing is aside any more", || {
                let is_new = directory.version("p-0").as_deref() == Some("2.0.0");
                (is_new && aside(&directory) == 0) || !directory.has(MARK)
            }),
        }
        dying.kill().unwrap();
        dying.wait().unwrap();
        kill_group(npm);
        until("npm is gone", || !group_is_alive(npm));
        let left = directory.tree();
        let marked = directory.has(MARK);

        let again = directory.npm();
        assert_eq!(again.repair().await.unwrap(), marked, "moment {moment:?}");
        assert!(!directory.has(MARK) && !again.repair().await.unwrap());
        let repaired = directory.tree();
        for number in 0..PACKAGES {
            let name = format!("p-{number}");
            let now = files_of(&repaired, &name);
            let (was, will) = (files_of(&old, &name), files_of(&new, &name));
            assert!(now.is_empty() || now == was || now == will, "{name} at moment {moment:?}");
            let unchanged = was == will && !was.is_empty();
            assert!(!unchanged || now == was, "{name} was not touched, moment {moment:?}");
            // What was whole, in its place or aside, is in its place.
            let was_left = files_of(&left, &name) == was || aside_of(&left, &name) == was;
            assert!(was.is_empty() || !was_left || !now.is_empty(), "{name}, moment {moment:?}");
            let half = files_of(&left, &name);
            seen_half |= half != was && half != will;
        }
        assert_eq!(aside(&directory), 0, "moment {moment:?}");
        // npm itself removes what no package.json asks for, at the end; nothing else may.
        let by_hand = |tree: &Files| tree.keys().any(|place| place.contains("by-hand"));
        assert_eq!(repaired.contains_key("by-hand/index.js"), by_hand(&left), "{moment:?}");

        change(&directory.path(), &second(), &["p-11"]).await;
        let mut now = directory.tree();
        now.retain(|place, _| new.contains_key(place) || !place.starts_with("by-hand"));
        assert!(now == new, "moment {moment:?}: {:?}", differing(&now, &new));
    }
    assert!(seen_half, "no moment found a package half installed");
}

/// The files of a package that is moved aside, as if it were in its place.
fn aside_of(tree: &Files, name: &str) -> Files {
    let start = format!(".{name}-");
    let own = tree.iter().filter_map(|(place, content)| {
        let (_, rest) = place.strip_prefix(&start)?.split_once('/')?;
        (!rest.starts_with("node_modules/")).then(|| (format!("{name}/{rest}"), content.clone()))
    });
    own.collect()
}

/// How many packages are moved aside.
fn aside(directory: &Directory) -> usize {
    let modules = std::fs::read_dir(directory.path().join("node_modules")).into_iter().flatten();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    modules.map(name).filter(|name| name.to_str().unwrap().starts_with(".p-")).count()
}

fn differing<'f>(one: &'f Files, other: &'f Files) -> Vec<&'f String> {
    let mut places: Vec<&String> = one.keys().chain(other.keys()).collect();
    places.sort_unstable();
    places.dedup();
    places.retain(|place| one.get(*place) != other.get(*place));
    places.truncate(20);
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn an_npm_that_outlives_its_process_is_ended() {
    let registry = registry();
    let directory = before(&registry).await;
    let old = directory.tree();
    registry.hang(true);
    let mut dying = start_dying(&directory);
    until("npm runs", || pid(&directory).is_some());
    let npm = pid(&directory).unwrap();
    dying.kill().unwrap();
    dying.wait().unwrap();
    assert!(group_is_alive(npm), "npm goes on without the process that ran it");
    assert!(directory.npm().repair().await.unwrap());
    assert!(!group_is_alive(npm));
    registry.hang(false);
    assert!(directory.tree() == old);
}

#[tokio::test]
async fn a_mark_of_a_process_that_is_somebody_elses_is_no_reason_to_end_it() {
    let registry = registry();
    let directory = before(&registry).await;
    let mut other = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
    let pid = other.id();
    let mark = json!({ "pid": pid, "started": 1, "install": ["p-0@2.0.0"], "remove": [] });
    directory.write(MARK, &mark.to_string());
    let npm = directory.npm();
    assert!(npm.repair().await.unwrap());
    assert!(group_is_alive(pid));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn a_package_json_that_npm_left_half_written_is_put_back() {
    let registry = registry();
    let directory = before(&registry).await;
    let before = directory.read("package.json");
    let mark = json!({ "package_json": before });
    directory.write(MARK, &mark.to_string());
    directory.write("package.json", &before[..before.len() / 2]);
    directory.npm().repair().await.unwrap();
    assert_eq!(directory.read("package.json"), before);
}

#[tokio::test]
async fn a_mark_that_cannot_be_read_removes_nothing() {
    let registry = registry();
    let directory = before(&registry).await;
    let tree = directory.tree();
    directory.write(MARK, "{\"pid\":");
    assert!(directory.npm().repair().await.unwrap());
    assert!(directory.tree() == tree);
}

#[tokio::test]
async fn what_cant_be_repaired_keeps_its_mark_and_npm_waits() {
    let registry = Registry::start();
    registry.publish("a", "1.0.0", json!({}));
    let directory = Directory::new(&registry);
    let mark = r#"{"package_json":"{\"name\":\"before\"}"}"#;
    directory.write(MARK, mark);
    // A folder can't be replaced by what is put back.
    let package_json = directory.path().join("package.json");
    directory.write("package.json/in-the-way", "");
    let npm = directory.npm();
    assert!(npm.repair().await.is_err());
    let outcome = npm.change(&wanted(&["a@1.0.0"]), &[]).await;
    assert_eq!((outcome.runs, outcome.fault.map(|f| f.code())), (0, Some("ERR_VALKEY_DISK")));
    assert_eq!(std::fs::read_to_string(directory.path().join(MARK)).unwrap(), mark);
    std::fs::remove_dir_all(&package_json).unwrap();
    directory.write("package.json", "{ half");
    let outcome = npm.change(&wanted(&["a@1.0.0"]), &[]).await;
    assert!(is_complete(&outcome) && outcome.runs == 1, "{outcome:?}");
    assert!(!directory.has(MARK));
    assert!(directory.read("package.json").contains("before"));
}
