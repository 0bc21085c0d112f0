//! `sync`: makes the database equal the folder.
//!
//! The plan decides which files to add, update, move and remove; a run persists their records. If nothing is to be
//! removed, the run holds only what changed. A removal needs a complete run, so its guards have a say: they are the
//! second line behind the guard of the plan.

use std::{collections::BTreeSet, sync::Arc};

use forebay_domain::{
    content::{
        Problem, ProblemCode, Severity,
        paths::RelativePath,
        plan::{Action, Changes, FileState, GuardSettings, Keep, Plan, SeenVersions, Side, intended},
    },
    run::RunStatus,
};
use forebay_store::{
    actions::{self, Action as OperatorAction, ActionName, Actor, TargetKind},
    connect::Database,
    content::{self, Course, MeasuredLesson, Projected},
    sources::{self, Source},
};
use serde_json::json;
use tokio::try_join;

use super::{
    course::{CourseSettings, check_layout, check_own_tables, declare_settled_course},
    disk::{self, on_disk},
    error::ContentError,
    folder::{CourseFolder, FolderLock, Skipped},
    keep::{self, FolderChange, Take, apply},
    numbers::block_taken,
    records::Work,
    refused,
    rows::{self, RowCheck},
    sides::{Known, compare, look},
    snapshot::{CourseFile, Snapshot},
    state::{self, Remembered},
};
use crate::{
    error::{Error, Result},
    persist::RunReport,
};

/// How often both sides are compared if other runs write the course meanwhile. Each of those has made progress.
const MAX_LOOKS: usize = 10;

/// How to sync.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// Whether any number of files may be removed.
    pub allow_removals: bool,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Which side wins where a sync leaves both alone; `None`: neither.
    pub keep: Option<Keep>,
    /// Who decided that; `None`: the user of this process.
    pub by: Option<Actor>,
    /// Measures of lessons, which are stored with the files that the run writes.
    pub measured: Vec<MeasuredLesson>,
}

/// What a sync did, or would do.
#[derive(Debug)]
pub struct SyncReport {
    /// The course's source.
    pub source: String,
    /// The comparison. After a dry run, what would be done.
    pub changes: Changes,
    /// What a decision for the database changed in the folder.
    pub folder_changes: Vec<FolderChange>,
    /// The run that wrote the changes; `None`: there was nothing to write.
    pub run: Option<RunReport>,
    /// Rows of content tables that were written again, because they differed from their files.
    pub num_repaired: u64,
    /// What is wrong with files of the folder.
    pub problems: Vec<Problem>,
    /// Entries of the folder that are not stored.
    pub skipped: Vec<Skipped>,
}

impl SyncReport {
    /// Whether both sides are equal now, and nothing needs attention.
    pub fn is_clean(&self) -> bool {
        let is_applied = self.run.as_ref().is_none_or(|run| run.status == RunStatus::Complete);
        let has_errors = self.problems.iter().any(|problem| problem.severity == Severity::Error);
        is_applied
            && !has_errors
            && self.changes.conflicts.is_empty()
            && self.changes.remote.is_empty()
            && self.changes.problems.is_empty()
    }
}

/// Makes the database equal the folder, every row of its tables included. Errors: those of [`ContentError`], and of the
/// database.
pub async fn sync(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    options: SyncOptions,
) -> Result<SyncReport> {
    if options.dry_run {
        return preview(database, settings, &folder, &options).await;
    }
    let lock = disk::lock(&folder).await?;
    let mut folder_changes = Vec::new();
    if let Some(keep) = &options.keep {
        let sides = read(database, settings, &folder).await?;
        let takes = sides.takes(keep, &options)?;
        if let (false, Some(source)) = (takes.is_empty(), &sides.source) {
            folder_changes = apply(database, source, &folder, takes, settings.max_file_bytes).await?;
        }
    }
    let decision = options.keep.clone().map(|keep| (keep, options.by.clone()));
    let synced = sync_settled(database, settings, folder, &lock, options, RowCheck::All, None);
    let (mut report, _) = synced.await?;
    report.folder_changes = folder_changes;
    if let Some((keep, by)) = decision {
        record(database, settings, &report, &keep, &by.unwrap_or_else(Actor::library)).await?;
    }
    Ok(report)
}

/// Records in the audit trail which side won, after both are equal.
async fn record(
    database: &Database,
    settings: &CourseSettings,
    report: &SyncReport,
    keep: &Keep,
    by: &Actor,
) -> Result<()> {
    let num_stored = report.run.as_ref().map_or(0, |run| run.counts.num_changed());
    let paths: Vec<String> = keep.paths.iter().map(ToString::to_string).collect();
    let action = OperatorAction {
        source: Some(&report.source),
        num_touched: num_stored + report.folder_changes.len() as u64,
        parameters: json!({ "side": keep.side, "paths": paths }),
        ..OperatorAction::on(ActionName::ContentKept, TargetKind::Course, settings.slug.to_string())
    };
    actions::record(&**database.client().await?, by, &action).await?;
    Ok(())
}

/// What [`sync`] would do.
async fn preview(
    database: &Database,
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
    options: &SyncOptions,
) -> Result<SyncReport> {
    let mut sides = read(database, settings, folder).await?;
    let folder_changes = match &options.keep {
        Some(keep) => keep::preview(&sides.takes(keep, options)?),
        None => Vec::new(),
    };
    let mut changes = sides.changes(options)?;
    if let Some(keep) = options.keep.as_ref().filter(|keep| keep.side == Side::Database) {
        // The folder would have what the database has.
        changes.conflicts.retain(|conflict| !keep.decides_conflict(conflict));
        changes.remote.retain(|change| !keep.decides_change(change));
    }
    let num_repaired = match (&sides.source, &sides.course) {
        (Some(source), Some(course)) => {
            rows::num_to_repair(database, course, source.source_id, folder, &changes).await?
        }
        _ => 0,
    };
    let Snapshot { mut problems, skipped, .. } = sides.snapshot;
    problems.extend(unseen(&changes, options.keep.as_ref()));
    let source = settings.source_name()?;
    Ok(SyncReport { source, changes, folder_changes, run: None, num_repaired, problems, skipped })
}

/// Both sides as they are. Reading them writes nothing: it neither declares the course nor locks the folder.
async fn read(database: &Database, settings: &CourseSettings, folder: &Arc<CourseFolder>) -> Result<Sides> {
    let name = settings.source_name()?;
    let client = database.client().await?;
    check_own_tables(&client, settings).await?;
    let piece = content::find(&**client, &settings.project, settings.slug.as_str()).await?;
    check_layout(settings, piece.and_then(|piece| piece.layout).as_deref())?;
    let source = sources::find(&**client, &name).await?;
    let (course, files, withheld) = match &source {
        Some(stored) => {
            let source_id = stored.source_id;
            try_join!(
                content::of_source(&**client, source_id),
                content::files(&**client, source_id),
                content::withheld_removals(&**client, source_id)
            )?
        }
        None => (None, Vec::new(), Vec::new()),
    };
    drop(client);
    let (snapshot, base) = look(settings, folder).await?;
    let known = Known::new(files, &withheld);
    let base =
        base.of(&name, course.as_ref().map(|course| course.key.as_str())).reconciled(|| known.states());
    Ok(Sides { source, course, snapshot, base, known })
}

struct Sides {
    /// `None`: the course is not stored yet.
    source: Option<Source>,
    course: Option<Course>,
    snapshot: Snapshot,
    base: Remembered,
    known: Known,
}

impl Sides {
    /// What the folder takes from the database. Errors: too much is gone; a file that needs no decision.
    fn takes(&self, keep: &Keep, options: &SyncOptions) -> Result<Vec<Take>> {
        let undecided = SyncOptions { keep: None, ..options.clone() };
        let mut snapshot = self.snapshot.clone();
        let changes = compared(&mut snapshot, &self.base, &self.known, &undecided)?;
        Ok(keep::takes(keep, &changes, &snapshot, &self.known)?)
    }

    fn changes(&mut self, options: &SyncOptions) -> Result<Changes> {
        compared(&mut self.snapshot, &self.base, &self.known, options)
    }
}

/// [`sync`] for a caller that has locked the folder and syncs often: only the hashes of lessons' rows are compared.
pub(super) async fn sync_locked(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    lock: &FolderLock,
    options: SyncOptions,
) -> Result<SyncReport> {
    Ok(sync_settled(database, settings, folder, lock, options, RowCheck::Hashes, None).await?.0)
}

/// [`sync_locked`] that leaves out files that differ from an earlier look, because somebody is writing them. Returns
/// how many these are as well.
///
/// If another run writes the course between the comparison and the run of this one, both sides are compared again.
pub(super) async fn sync_settled(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    lock: &FolderLock,
    options: SyncOptions,
    rows: RowCheck,
    earlier: Option<&Snapshot>,
) -> Result<(SyncReport, usize)> {
    let mut num_looks = 1;
    loop {
        let once = sync_once(database, settings, Arc::clone(&folder), lock, &options, rows, earlier);
        match Box::pin(once).await {
            Err(Error::Outdated { .. }) if num_looks < MAX_LOOKS => num_looks += 1,
            synced => return synced,
        }
    }
}

/// Compares both sides and writes what differs. Error: `outdated` if another run has written the course meanwhile.
async fn sync_once(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    lock: &FolderLock,
    options: &SyncOptions,
    rows: RowCheck,
    earlier: Option<&Snapshot>,
) -> Result<(SyncReport, usize)> {
    let source = settings.source_name()?;
    let stored = async {
        let course = declare_settled_course(database, settings).await?;
        let (known, unequal) = rows::stored(database, &course, rows).await?;
        Ok::<_, Error>((course, known, unequal))
    };
    let ((course, known, unequal), (mut snapshot, base)) = try_join!(stored, look(settings, &folder))?;
    let key = course.course.key.clone();
    let remembered = base.of(&source, Some(&key));
    let has_intent = !remembered.intended.is_empty();
    let base = remembered.reconciled(|| known.states());
    if has_intent {
        // The run of this sync replaces the intent.
        let (folder, source, key, base) = (Arc::clone(&folder), source.clone(), key.clone(), base.clone());
        on_disk(move || state::save(&folder, &source, &key, None, &base)).await?;
    }
    let mut num_unsettled = earlier.map_or(0, |earlier| snapshot.leave_out_unsettled(earlier));
    folder.remove_leftovers(lock, &snapshot.leftovers);
    let changes = compared(&mut snapshot, &base, &known, options)?;
    let reported = versions_left_alone(&changes, &known);
    let mut report = SyncReport {
        source: source.clone(),
        changes,
        folder_changes: Vec::new(),
        run: None,
        num_repaired: 0,
        problems: snapshot.problems.clone(),
        skipped: snapshot.skipped.clone(),
    };
    let mut after = report.changes.base.clone();
    if let Some(work) = Work::new(&snapshot, &known, &report.changes, course.course.has_held_run) {
        let is_in_reach = |file: &&FileState| !snapshot.is_out_of_reach(&file.path);
        let before: Vec<FileState> = base.files.iter().filter(is_in_reach).cloned().collect();
        let intent = intended(&before, &after);
        {
            let (folder, source, key) = (Arc::clone(&folder), source.clone(), key.clone());
            on_disk(move || state::intend(&folder, &source, &key, &intent)).await?;
        }
        let run = work.run(database, settings, &course, &folder, (options.allow_removals, &options.measured));
        let (run, mut rewritten) = Box::pin(run).await?;
        report.problems.extend(run.refused_rows.iter().map(refused::problem));
        if run.status != RunStatus::Complete || run.counts.num_rejected > 0 {
            let (now, _) = rows::stored(database, &course, RowCheck::Hashes).await?;
            after = report.changes.base_after_part(&snapshot.states(), &known.states(), &now.states());
            rewritten.retain(|_, file| now.has(file));
            if run.status == RunStatus::Complete {
                report.problems.extend(rejected(&report.changes, &snapshot, &now, run.run_id));
            }
        }
        // What was stored of these files is not what the snapshot saw.
        num_unsettled += rewritten.len();
        after.retain(|file| !rewritten.contains_key(&file.path));
        after.extend(rewritten.into_values());
        report.run = Some(run);
    }
    // Nothing was decided about these, so what was known of them stays known.
    after.extend(base.files.iter().filter(|file| snapshot.is_out_of_reach(&file.path)).cloned());
    let mut repaired = Projected::default();
    if !unequal.is_empty() {
        repaired = rows::repair(database, &course, &unequal).await?;
    }
    if rows == RowCheck::All {
        repaired.add(rows::record_approvals(database, &course.course, &folder).await?);
    }
    report.num_repaired = repaired.num_rows;
    for problem in repaired.refused.iter().map(refused::problem) {
        // The run may have reported it.
        if !report.problems.contains(&problem) {
            report.problems.push(problem);
        }
    }
    after.sort();
    report.problems.extend(unseen(&report.changes, options.keep.as_ref()));
    let after = Remembered { files: after, reported, ..Remembered::default() };
    on_disk(move || state::save(&folder, &source, &key, Some(&base), &after)).await?;
    Ok((report, num_unsettled))
}

/// The files whose records a complete run rejected, because the database refuses them.
fn rejected(changes: &Changes, snapshot: &Snapshot, now: &Known, run_id: i64) -> Vec<Problem> {
    let paths: BTreeSet<&RelativePath> = changes.actions.iter().map(Action::path).collect();
    let files = paths.into_iter().filter_map(|path| snapshot.files.get(path));
    let problem = |file: &CourseFile| {
        let path = file.state.path.as_str();
        let problem = Problem::error(ProblemCode::RowRefused, path, "the database refuses the file");
        problem.hint(format!("`forebay runs show {run_id}` says why"))
    };
    files.filter(|file| !now.has(&file.state)).map(problem).collect()
}

/// Compares the sides, and blocks files of the folder that the database cannot store now. Error: too much is gone.
fn compared(
    snapshot: &mut Snapshot,
    base: &Remembered,
    known: &Known,
    options: &SyncOptions,
) -> Result<Changes> {
    // A decision is about the versions that were reported.
    let keep = options.keep.clone().map(|keep| Keep { seen: Some(base.reported.clone()), ..keep });
    let guard = GuardSettings {
        is_allowed: options.allow_removals,
        withheld: known.withheld.clone(),
        ..GuardSettings::default()
    };
    loop {
        let changes = match compare(snapshot, &base.files, known, &guard, keep.as_ref()) {
            Plan::Ready(changes) => changes,
            Plan::Refused(refusal) => return Err(ContentError::Refused(refusal).into()),
        };
        // Each round blocks at least one file of the folder, so this ends.
        if !block_taken(snapshot, known, &changes) {
            return Ok(changes);
        }
    }
}

/// The versions of the database that a sync leaves alone, as it reports them.
fn versions_left_alone(changes: &Changes, known: &Known) -> SeenVersions {
    let conflicts =
        changes.conflicts.iter().map(|one| (&one.path, one.database_path.as_ref().unwrap_or(&one.path)));
    let remote = changes.remote.iter().map(|one| (one.folder_path.as_ref().unwrap_or(&one.path), &one.path));
    conflicts
        .chain(remote)
        .map(|(in_folder, in_database)| match known.files.get(in_database) {
            Some(file) => (in_database.clone(), Some(file.content_hash)),
            None => (in_folder.clone(), None),
        })
        .collect()
}

/// The files about which a person decided for the folder, and which stay because the database has another version than
/// the last sync reported.
fn unseen(changes: &Changes, keep: Option<&Keep>) -> Vec<Problem> {
    let Some(keep) = keep.filter(|keep| keep.side == Side::Folder) else { return Vec::new() };
    let conflicts = changes.conflicts.iter().filter(|one| keep.decides_conflict(one)).map(|one| &one.path);
    let remote = changes.remote.iter().filter(|one| keep.decides_change(one)).map(|one| &one.path);
    let problem = |path: &RelativePath| {
        let message = "the database has a version that no sync had reported, so it is not replaced";
        let problem = Problem::warning(ProblemCode::VersionUnseen, path.as_str(), message);
        problem.hint("compare it with `forebay content diff`, then run the same command again")
    };
    conflicts.chain(remote).map(problem).collect()
}
