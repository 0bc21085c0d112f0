//! Tests of steps that other processes cannot reach.

use std::{fs, os::unix::fs::PermissionsExt, thread, time::Duration};

use super::{ClusterOptions, Home, locks, start, stop_server};

#[tokio::test]
async fn a_server_starts_although_its_lock_is_taken_for_a_moment() {
    let folder = tempfile::Builder::new().prefix("forebay-lock-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let options = ClusterOptions { durable: false, ..ClusterOptions::new(folder.path().join("data")) };
    let home = Home::prepare(&options.data_dir).unwrap();
    // As a forked process holds it before it executes its program.
    let held = home.lock("server.lock").unwrap();
    assert!(locks::try_exclusive(&held).unwrap());
    let holder = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        drop(held);
    });
    start(&home, &options).await.unwrap();
    holder.join().unwrap();
    stop_server(&home, Duration::from_mins(1)).unwrap();
}
