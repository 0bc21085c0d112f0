//! Changes that guards withhold from a sync: they stay pending, and are no conflicts.

use std::collections::BTreeMap;

use forebay_domain::{content::plan::Action, run::RunStatus};
use forebay_engine::{
    content::{Attention, DifferenceKind, SyncOptions, SyncReport, Verification},
    persist,
};

use super::{Stage, lesson};

/// Lessons that are gone: few enough for the plan, too many for the guards of the run.
const GONE: std::ops::RangeInclusive<u32> = 12..=17;

fn path(number: u32) -> String {
    format!("lessons/2.{number}-part.md")
}

/// A course with 40 lessons, of which some were deleted after a sync, one edited, and one added. Guards know a few runs
/// by then, so they allow fewer removals than the plan does.
async fn stage() -> Stage {
    let stage = Stage::course().await;
    for number in 4..=37 {
        stage.write(&path(number), lesson(2, number).as_bytes());
    }
    for number in 0..5 {
        stage.write(&format!("resources/{number}.txt"), &[b'0' + number]);
    }
    assert!(stage.sync().await.is_clean());
    for number in 0..5 {
        stage.remove(&format!("resources/{number}.txt"));
        assert!(stage.sync().await.is_clean());
    }
    for number in GONE {
        stage.remove(&path(number));
    }
    stage.edit(&path(4), |text| text.replace("Borrowing", "Owning"));
    stage.write("resources/new.md", b"# New\n");
    stage
}

/// Asserts that the run of a sync is held, and that only the removals are pending.
fn assert_withheld(report: &SyncReport) -> i64 {
    let run = report.run.as_ref().unwrap();
    assert_eq!((run.status, run.num_withheld), (RunStatus::Held, 6), "{report:?}");
    assert_eq!(report.attention(), Attention::HeldRun);
    assert!(report.changes.conflicts.is_empty() && report.changes.remote.is_empty(), "{report:?}");
    run.run_id
}

/// Asserts that the withheld files, and nothing else, differ.
fn assert_named(verification: &Verification) {
    let found: Vec<_> =
        verification.differences.iter().map(|one| (one.path.clone().unwrap(), one.kind)).collect();
    let expected: Vec<_> = GONE.map(|number| (path(number), DifferenceKind::MissingInFolder)).collect();
    assert_eq!(found, expected);
    assert!(verification.problems.is_empty());
}

async fn assert_clean(stage: &Stage) {
    let report = stage.sync().await;
    assert!(report.is_clean(), "{report:?}");
    assert!(stage.verify().await.is_clean());
    assert_eq!(
        stage.texts("select run_id::text from forebay.scrape_runs where status = 'held'").await,
        [""; 0]
    );
    let report = stage.sync().await;
    assert!(report.is_clean() && report.run.is_none(), "{report:?}");
}

#[tokio::test]
async fn withheld_removals_stay_pending_until_the_files_are_back() {
    let stage = stage().await;
    let report = stage.sync().await;
    assert_withheld(&report);
    assert_eq!(report.run.unwrap().counts.num_updated, 1, "the rest is applied");
    assert_named(&stage.verify().await);
    // The same again, although the folder remembers a sync.
    let report = stage.sync().await;
    assert_withheld(&report);
    let is_removal = |action: &Action| matches!(action, Action::Remove { .. });
    assert!(report.changes.actions.len() == 6 && report.changes.actions.iter().all(is_removal), "{report:?}");
    // A change that removes nothing is stored, and the decision stays the same.
    stage.edit(&path(5), |text| text.replace("Borrowing", "Owning"));
    assert_withheld(&stage.sync().await);
    assert_named(&stage.verify().await);

    for number in GONE {
        stage.write(&path(number), lesson(2, number).as_bytes());
    }
    assert_clean(&stage).await;
    let removed = "select count(*)::text from forebay.\"references\" where removed_at is not null";
    assert_eq!(stage.texts(removed).await, ["5"]);
}

#[tokio::test]
async fn withheld_removals_are_done_once_they_are_released() {
    let stage = stage().await;
    let run_id = assert_withheld(&stage.sync().await);
    persist::release(&stage.database, run_id, &crate::operator()).await.unwrap();
    assert!(stage.verify().await.is_clean());
    assert_clean(&stage).await;
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["34"]);
}

#[tokio::test]
async fn withheld_removals_can_be_allowed() {
    let stage = stage().await;
    assert_withheld(&stage.sync().await);
    let allowed = SyncOptions { allow_removals: true, ..SyncOptions::default() };
    assert!(stage.try_sync(allowed).await.unwrap().is_clean());
    assert_clean(&stage).await;
}

/// Lessons that become other files look like a re-key: both their old and their new keys are withheld.
#[tokio::test]
async fn files_under_other_keys_are_no_conflicts() {
    for accept in [false, true] {
        let stage = stage().await;
        for number in GONE {
            stage.write(&format!("resources/{number}.md"), lesson(2, number).as_bytes());
        }
        assert_withheld(&stage.sync().await);
        let differences = stage.verify().await.differences;
        let num_of = |kind| differences.iter().filter(|one| one.kind == kind).count();
        assert_eq!(num_of(DifferenceKind::MissingInFolder), 6, "{differences:?}");
        assert_eq!(num_of(DifferenceKind::MissingInDatabase), 6, "{differences:?}");
        let report = stage.sync().await;
        let is_move = |action: &Action| matches!(action, Action::Move { .. });
        assert!(
            report.changes.actions.len() == 6 && report.changes.actions.iter().all(is_move),
            "{report:?}"
        );
        let run_id = assert_withheld(&report);
        if accept {
            assert_eq!(
                persist::rekey(&stage.database, run_id, &crate::operator()).await.unwrap().num_rekeyed,
                6
            );
        } else {
            persist::release(&stage.database, run_id, &crate::operator()).await.unwrap();
        }
        assert_clean(&stage).await;
    }
}

/// However many removals guards withhold, other changes are stored.
#[tokio::test]
async fn withheld_removals_are_not_counted_again_as_gone() {
    let stage = stage().await;
    assert_withheld(&stage.sync().await);
    for number in 18..=23 {
        stage.remove(&path(number));
    }
    let run = stage.sync().await.run.unwrap();
    assert_eq!((run.status, run.num_withheld), (RunStatus::Held, 12), "{run:?}");
    stage.edit(&path(5), |text| text.replace("Borrowing", "Owning"));
    let run = stage.sync().await.run.unwrap();
    assert_eq!((run.num_withheld, run.counts.num_updated), (12, 1), "{run:?}");
    // An unmounted folder is still noticed.
    for number in 24..=37 {
        stage.remove(&path(number));
    }
    assert_eq!(stage.try_sync(SyncOptions::default()).await.unwrap_err().code(), "too_many_gone");
}

/// Two folders: the other one knows nothing of what this one withholds.
#[tokio::test]
async fn another_folder_still_has_what_is_withheld() {
    let stage = stage().await;
    let before: BTreeMap<_, _> = GONE.map(|number| (path(number), lesson(2, number))).collect();
    assert_withheld(&stage.sync().await);
    let other = Stage { folder: tempfile::TempDir::new().unwrap(), ..Stage::empty().await };
    let other = Stage { database: stage.database.clone(), ..other };
    for (path, bytes) in super::files(stage.path()) {
        other.write(path.to_str().unwrap(), &bytes);
    }
    for (path, text) in &before {
        other.write(path, text.as_bytes());
    }
    // Its files are all there, so the removals are no longer pending.
    assert!(other.sync().await.is_clean());
    assert!(other.verify().await.is_clean());
    assert_withheld(&stage.sync().await);
}
