//! A history of which something is damaged: it is told, and all else can be had.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use node_red_storage_valkey::role::admin::Admin;
use node_red_storage_valkey::role::history::HistoryReader;
use redis::Commands;

use super::PATIENCE;
use super::admin_history::{file, history, listed, options, pressed, sequences, until_mirrored};
use super::common::instance::{self, admin, flows};
use super::common::server::Server;
use super::common::temp_dir;

fn damage(dir: &Path, name: &str) {
    fs::write(file(dir, name), "damaged").unwrap();
}

async fn assert_all_but(admin: &Admin, lost: &[usize], count: usize) {
    for number in 1..=count {
        let found = history(admin).state(number as u64).await;
        if lost.contains(&number) {
            let error = found.unwrap_err();
            assert_eq!(error.code(), "ERR_VALKEY_HISTORY");
            assert!(error.to_string().contains(&format!("{number}.gz")), "{error}");
        } else {
            assert_eq!(found.unwrap().flows, flows(number), "{number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_told_and_every_other_entry_still_works() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    for number in 1..=7 {
        pressed(&first, number, "ann").await;
    }
    until_mirrored(&server, 7).await;
    damage(dir.path(), "3.gz");
    assert_eq!(history(&first).state(3).await.unwrap().flows, flows(3), "Valkey has it");
    server.kill();
    assert_all_but(&first, &[], 7).await;
    // Nobody else has them now.
    for lost in [3, 7, 1, 6] {
        let name = format!("{lost}.gz");
        let sound = fs::read(file(dir.path(), &name)).unwrap();
        damage(dir.path(), &name);
        // The newest is what runs: its file is not asked.
        let told: &[usize] = if lost == 7 { &[] } else { &[lost] };
        assert_all_but(&first, told, 7).await;
        fs::remove_file(file(dir.path(), &name)).unwrap();
        assert_all_but(&first, told, 7).await;
        fs::write(file(dir.path(), &name), sound).unwrap();
    }
    damage(dir.path(), "5.gz");
    let told = history(&first).difference(None, 5).await.unwrap_err();
    assert!(told.to_string().contains("5.gz"), "{told}");
    assert!(history(&first).difference(Some(4), 6).await.is_ok());
    // What is deployed now is kept as ever, and what was.
    pressed(&first, 8, "ann").await;
    pressed(&first, 9, "ann").await;
    assert_all_but(&first, &[5], 9).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_damaged_here_and_one_in_valkey_cost_nothing() {
    let server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    for number in 1..=8 {
        pressed(&first, number, "ann").await;
    }
    until_mirrored(&server, 8).await;
    damage(dir.path(), "3.gz");
    damage(dir.path(), "4.gz");
    let _: () = server.admin().set("n:history:5", "damaged").unwrap();
    let reader = HistoryReader::open(&options(&server), Arc::new(instance::Soon).into());
    for number in [1, 2, 3, 4, 6, 7, 8] {
        reader.difference(Some(1), number, PATIENCE).await.unwrap();
    }
    let error = reader.difference(Some(1), 5, PATIENCE).await.unwrap_err();
    assert!(error.to_string().contains("n:history:5"), "{error}");
    assert_all_but(&first, &[], 8).await;
    // They are on the disk again.
    for number in 3..=4 {
        assert_ne!(fs::read(file(dir.path(), &format!("{number}.gz"))).unwrap(), b"damaged");
    }
    reader.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_what_runs_is_written_again_at_a_start() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    for number in 1..=4 {
        pressed(&first, number, "ann").await;
    }
    first.close().await;
    server.kill();
    damage(dir.path(), "4.gz");
    damage(dir.path(), "3.gz");
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    super::deploy(&again, 4).await.unwrap();
    assert_eq!(sequences(&listed(&again).await), [4, 3, 2, 1]);
    again.close().await;
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    assert_all_but(&again, &[3], 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_index_is_read_from_its_copy_and_without_one_another_is_begun() {
    let mut server = Server::start(&[]);
    let dir = temp_dir();
    let (first, _) = admin(options(&server), Some(dir.path())).await;
    for number in 1..=3 {
        pressed(&first, number, "ann").await;
    }
    listed(&first).await;
    let older = fs::read(file(dir.path(), "index.json")).unwrap();
    pressed(&first, 4, "ann").await;
    until_mirrored(&server, 4).await;
    first.close().await;
    damage(dir.path(), "index.json");
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    assert_eq!(sequences(&listed(&again).await), [4, 3, 2, 1]);
    again.close().await;
    // A copy that is older than the files.
    redis::cmd("FLUSHALL").exec(&mut server.admin()).unwrap();
    damage(dir.path(), "index.json");
    fs::write(file(dir.path(), "index.copy.json"), older).unwrap();
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    assert_eq!(sequences(&listed(&again).await), [3, 2, 1]);
    assert_all_but(&again, &[], 3).await;
    again.close().await;
    // Otherwise Valkey has it.
    server.kill();
    damage(dir.path(), "index.json");
    damage(dir.path(), "index.copy.json");
    let (again, _) = admin(options(&server), Some(dir.path())).await;
    pressed(&again, 5, "ann").await;
    assert_eq!(sequences(&listed(&again).await), [1]);
}
