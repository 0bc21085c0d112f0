//! A sync that is killed while the server commits its run.

use std::{fs, process::Stdio};

use super::{Course, path, text, until};
use crate::database::{TestDb, database};

/// Makes each commit of a complete run take long.
const SLOW_COMMIT: &str = "create function public.dawdle() returns trigger language plpgsql as \
     'begin perform pg_sleep(3); return null; end'; \
     create constraint trigger dawdle after update on forebay.scrape_runs deferrable initially deferred \
     for each row when (new.status = 'complete' and old.status = 'running') execute function public.dawdle()";

#[test]
fn the_next_sync_waits_for_a_run_that_is_still_being_committed() {
    let db: TestDb = database();
    let course = Course::new(&db.url, 1, 4);
    for (path, text) in course.expected() {
        course.write(&path, &text);
    }
    let (exit, document) = course.json("content sync course");
    assert_eq!(exit, 0, "{document:#}");
    db.execute(SLOW_COMMIT);
    let gone = |lesson| fs::remove_file(course.folder().join(path(1, lesson))).unwrap();
    (1..=2).for_each(gone);
    course.write(&path(1, 3), &format!("{}\nEdited.\n", text(1, 3)));

    let mut sync =
        course.command("content sync course").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the run is being committed", || {
        db.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
            == "1"
    });
    sync.kill().unwrap();
    assert_eq!(sync.wait().unwrap().code(), None, "it was killed");
    // One lesson is back as it was, one with another text, and one was edited again.
    course.write(&path(1, 1), &text(1, 1));
    course.write(&path(1, 2), &format!("{}\nMade again.\n", text(1, 2)));
    course.write(&path(1, 3), &format!("{}\nEdited again.\n", text(1, 3)));

    let (exit, document) = course.json("content sync course");
    assert_eq!(exit, 0, "{document:#}");
    until("no commit is in progress", || {
        db.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
            == "0"
    });
    course.assert_clean();
    assert_eq!(
        db.value("select string_agg(distinct status, ' ') from forebay.scrape_runs"),
        "complete",
        "the killed run was committed"
    );
}
