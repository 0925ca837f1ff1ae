use super::*;

struct Modules(tempfile::TempDir);

impl Modules {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A package folder with so many files in all.
    fn package(&self, place: &str, name: &str, version: &str, files: u32) {
        let folder = self.0.path().join(place);
        fs::create_dir_all(&folder).unwrap();
        let text = format!(r#"{{"name":"{name}","version":"{version}"}}"#);
        fs::write(folder.join("package.json"), text).unwrap();
        (1..files).for_each(|n| fs::write(folder.join(format!("{n}.js")), version).unwrap());
    }

    fn tree(&self) -> Tree {
        tree::read(self.0.path())
    }

    fn repair(&self, before: &Tree, since: &Tree) {
        Repair { before, since }.folder(self.0.path(), "").unwrap();
    }

    fn has(&self, place: &str) -> bool {
        fs::symlink_metadata(self.0.path().join(place)).is_ok()
    }
}

#[test]
fn names_of_what_was_moved_aside() {
    for (hidden, name) in [
        (".a-AbCd0123", Some("a")),
        (".a-b-AbCd0123", Some("a-b")),
        ("@s/.a-AbCd0123", Some("@s/a")),
        (".a-AbCd012", None),
        (".a-AbCd_123", None),
        (".bin", None),
        (".-AbCd0123", None),
        ("a-AbCd0123", None),
    ] {
        assert_eq!(original(hidden).as_deref(), name, "{hidden}");
    }
}

#[test]
fn what_was_moved_aside_comes_back_and_what_is_half_goes() {
    let modules = Modules::new();
    modules.package("a", "a", "1.0.0", 5);
    modules.package("@s/b", "@s/b", "1.0.0", 5);
    modules.package("kept", "kept", "1.0.0", 5);
    let before = modules.tree();
    for (place, aside) in [("a", ".a-AbCd0123"), ("@s/b", "@s/.b-AbCd0123")] {
        fs::rename(modules.0.path().join(place), modules.0.path().join(aside)).unwrap();
        modules.package(place, place, "2.0.0", 3);
    }
    modules.package("new", "new", "1.0.0", 2);
    fs::create_dir(modules.0.path().join("empty")).unwrap();
    modules.repair(&before, &Tree::new());
    assert_eq!(modules.tree(), before);
    assert!(!modules.has(".a-AbCd0123") && !modules.has("@s/.b-AbCd0123"));
}

#[test]
fn what_is_half_removed_does_not_come_back() {
    let modules = Modules::new();
    modules.package("a", "a", "1.0.0", 5);
    let before = modules.tree();
    fs::rename(modules.0.path().join("a"), modules.0.path().join(".a-AbCd0123")).unwrap();
    fs::remove_file(modules.0.path().join(".a-AbCd0123/1.js")).unwrap();
    modules.package("a", "a", "2.0.0", 5);
    modules.repair(&before, &Tree::new());
    assert!(!modules.has("a") && !modules.has(".a-AbCd0123"));
}

#[test]
fn what_npm_has_recorded_as_done_stays() {
    let modules = Modules::new();
    modules.package("a", "a", "1.0.0", 5);
    let before = modules.tree();
    fs::rename(modules.0.path().join("a"), modules.0.path().join(".a-AbCd0123")).unwrap();
    modules.package("a", "a", "2.0.0", 5);
    modules.package("new", "new", "1.0.0", 5);
    let since = modules.tree();
    modules.repair(&before, &since);
    assert_eq!(modules.tree(), since);
    assert!(!modules.has(".a-AbCd0123"));
}

#[test]
fn nested_packages_that_npm_has_moved_over_come_back_too() {
    let modules = Modules::new();
    modules.package("a", "a", "1.0.0", 5);
    modules.package("a/node_modules/inner", "inner", "1.0.0", 4);
    modules.package("a/node_modules/other", "other", "1.0.0", 4);
    let before = modules.tree();
    let path = |place: &str| modules.0.path().join(place);
    fs::rename(path("a"), path(".a-AbCd0123")).unwrap();
    modules.package("a", "a", "2.0.0", 5);
    fs::create_dir(path("a/node_modules")).unwrap();
    fs::rename(path(".a-AbCd0123/node_modules/inner"), path("a/node_modules/inner")).unwrap();
    modules.repair(&before, &Tree::new());
    assert_eq!(modules.tree(), before);
}

#[test]
fn what_is_none_of_npms_is_left_alone() {
    let modules = Modules::new();
    modules.package("a", "a", "1.0.0", 2);
    modules.package(".tool-AbCd0123", "something-else", "1.0.0", 2);
    fs::create_dir(modules.0.path().join(".cache-AbCd0123")).unwrap();
    fs::create_dir(modules.0.path().join(".bin")).unwrap();
    modules.package(".old-AbCd0123", "old", "1.0.0", 2);
    let before = modules.tree();
    // A package may write into its own folder.
    fs::write(modules.0.path().join("a/written.txt"), "").unwrap();
    modules.repair(&before, &Tree::new());
    assert!(modules.has("a/written.txt") && modules.has(".bin"));
    assert!(modules.has(".tool-AbCd0123") && modules.has(".cache-AbCd0123"));
    assert!(!modules.has(".old-AbCd0123"), "it would be in the way of the next run");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let modules = Modules::new();
    let outside = Modules::new();
    outside.package("project", "linked", "1.0.0", 3);
    let link = |name: &str| {
        let target = outside.0.path().join("project");
        std::os::unix::fs::symlink(target, modules.0.path().join(name)).unwrap();
    };
    link("linked");
    let before = modules.tree();
    link("new");
    modules.repair(&before, &Tree::new());
    assert!(modules.has("linked") && !modules.has("new"));
    assert!(outside.has("project/package.json"));
}
