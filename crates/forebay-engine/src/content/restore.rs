//! `restore`: writes the folder of a course back, as it is stored or as it was at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use forebay_domain::{
    content::{
        file_text::{hash, hash_ignoring_line_endings},
        layout::Layout,
        paths::{FoldKey, RelativePath},
        plan::FileState,
    },
    hex,
};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    connect::Database,
    content, export,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    course::{CourseSettings, check_time, find_course},
    disk::{self, on_disk},
    error::ContentError,
    folder::CourseFolder,
    record::{bytes_of, path_of},
    sides::Known,
    state::{self, Remembered},
};
use crate::error::{Error, Result};

/// How to restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreOptions {
    /// The time to restore; `None`: now.
    pub at: Option<Timestamp>,
    /// Whether files that somebody changed in the folder are overwritten.
    pub force: bool,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files written, by path.
    pub written: Vec<String>,
    /// Files that were equal already.
    pub num_equal: u64,
    /// Files that differ from the last sync and were left as they are, by path.
    pub kept: Vec<String>,
    /// Files of which only a hash is stored, and which are absent or differ in the folder, by path.
    pub not_stored: Vec<String>,
    /// Files removed, by path: the restored state does not have them, they are unchanged since the last sync, and the
    /// database has their bytes.
    pub removed: Vec<String>,
    /// Other files that the restored state does not have, by path. They were left as they are.
    pub extra: Vec<String>,
}

impl Restored {
    /// Whether the folder has every file as it was stored, and no other.
    pub fn is_complete(&self) -> bool {
        self.kept.is_empty() && self.not_stored.is_empty() && self.extra.is_empty()
    }
}

/// Writes the stored files into a folder. Files that somebody changed since the last sync are kept unless `force` is
/// set. A file that the restored state does not have is removed only if it is as it was at the last sync and the
/// database has its bytes. Errors: `course_unknown`, `no_files_at_time`.
pub async fn restore(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    options: RestoreOptions,
    by: &Actor,
) -> Result<Restored> {
    let (_, stored) = find_course(database, settings).await?;
    let client = database.client().await?;
    if let Some(at) = options.at {
        check_time(&client, settings, &stored, at).await?;
    }
    let lock = disk::lock(&folder).await?;
    let source = stored.source.name.clone();
    let base = {
        let folder = Arc::clone(&folder);
        on_disk(move || state::load(&folder)).await?.of(&source, Some(&stored.course.key))
    };
    let known = Known::new(content::files(&**client, stored.source.source_id).await?, &[]);
    let base = base.reconciled(|| known.states());
    let mut payloads = export::payloads(&**client, &stored.source, None, options.at).await?;
    let mut writer = Writer {
        base: base.files.iter().map(|file| (file.path.clone(), file.clone())).collect(),
        folder: Arc::clone(&folder),
        options,
        paths: BTreeSet::new(),
        restored: Restored::default(),
    };
    while let Some(payload) = payloads.next().await? {
        let record: Value =
            serde_json::from_str(payload).map_err(|error| Error::Payload(error.to_string()))?;
        // Writing waits for the disk.
        writer = on_disk(move || writer.file(&record).map(|()| writer)).await?;
    }
    drop(payloads);
    if let (Some(at), true) = (options.at, writer.paths.is_empty()) {
        // Every file was removed before.
        let slug = settings.slug.to_string();
        let first_version = content::first_version(&**client, stored.source.source_id).await?;
        return Err(ContentError::NoFilesAt { slug, at, first_version }.into());
    }
    let layout = settings.layout.clone();
    let (writer, extra) = on_disk(move || writer.extra(&layout).map(|extra| (writer, extra))).await?;
    let hashes: Vec<String> = extra.iter().filter_map(|one| Some(hex::encode(&one.known?))).collect();
    let with_bytes = content::with_bytes(&**client, stored.source.source_id, &hashes).await?;
    let with_bytes: BTreeSet<String> = with_bytes.into_iter().collect();
    drop(client);
    let writer = on_disk(move || writer.leave(extra, &with_bytes)).await?;
    let Writer { base: after, mut restored, .. } = writer;
    if options.at.is_none() {
        let files = after.into_values().collect();
        let after = Remembered { files, reported: base.reported.clone(), ..Remembered::default() };
        on_disk(move || state::save(&folder, &source, &stored.course.key, Some(&base), &after)).await?;
    }
    drop(lock);
    let action = Action {
        source: Some(&stored.source.name),
        num_touched: (restored.written.len() + restored.removed.len()) as u64,
        parameters: json!({ "at": options.at, "force": options.force }),
        ..Action::on(ActionName::ContentRestored, TargetKind::Course, settings.slug.to_string())
    };
    actions::record(&**database.client().await?, by, &action).await?;
    let Restored { written, kept, not_stored, removed, extra, .. } = &mut restored;
    for paths in [written, kept, not_stored, removed, extra] {
        paths.sort();
    }
    Ok(restored)
}

/// A file of the folder that the restored state does not have.
struct Extra {
    path: RelativePath,
    /// Its hash at the last sync; `None`: it was not there, or its name differs from another file's only by case, so
    /// some file systems take both for one file.
    known: Option<[u8; 32]>,
}

struct Writer {
    folder: Arc<CourseFolder>,
    /// The state of the last sync; files that are written replace theirs.
    base: BTreeMap<RelativePath, FileState>,
    options: RestoreOptions,
    /// Every path of the restored state.
    paths: BTreeSet<RelativePath>,
    restored: Restored,
}

impl Writer {
    fn file(&mut self, record: &Value) -> std::result::Result<(), ContentError> {
        // Paths come from the database, which others may write.
        let Some(path) = path_of(record)? else { return Ok(()) };
        self.paths.insert(path.clone());
        let wanted = bytes_of(record);
        let wanted_hash = match &wanted {
            Some(bytes) => Some(hash(bytes)),
            None => record
                .get("content_hash")
                .and_then(Value::as_str)
                .and_then(|text| hex::decode(text)?.try_into().ok()),
        };
        let found = self.folder.hash(&path)?.map(|(hash, _)| hash);
        if found.is_some() && found == wanted_hash {
            self.restored.num_equal += 1;
            return Ok(());
        }
        let Some(bytes) = wanted else {
            self.restored.not_stored.push(path.to_string());
            return Ok(());
        };
        let is_changed = found.is_some() && found != self.base.get(&path).map(|file| file.hash);
        if is_changed && !self.options.force {
            self.restored.kept.push(path.to_string());
            return Ok(());
        }
        if !self.folder.write_expecting(&path, &bytes, found)? {
            // Somebody wrote it meanwhile.
            self.restored.kept.push(path.to_string());
            return Ok(());
        }
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let has_id = record.get("has_id").and_then(Value::as_bool).unwrap_or(false);
        self.base.insert(
            path.clone(),
            FileState {
                hash: hash(&bytes),
                hash_ignoring_line_endings: hash_ignoring_line_endings(&bytes),
                size: bytes.len() as u64,
                lesson_id: text("lesson_id").filter(|_| has_id),
                path: path.clone(),
            },
        );
        self.restored.written.push(path.to_string());
        Ok(())
    }

    /// The course's files in the folder that the restored state does not have.
    fn extra(&self, layout: &Layout) -> std::result::Result<Vec<Extra>, ContentError> {
        let folded: BTreeSet<FoldKey> = self.paths.iter().map(RelativePath::fold).collect();
        let files = self.folder.walk(layout)?.files.into_iter().map(|found| found.path);
        let extra = files.filter(|path| !self.paths.contains(path)).map(|path| {
            let known = self.base.get(&path).filter(|_| !folded.contains(&path.fold()));
            Extra { known: known.map(|file| file.hash), path }
        });
        Ok(extra.collect())
    }

    /// Removes extra files that are as they were at the last sync, if the database has their bytes.
    fn leave(
        mut self,
        extra: Vec<Extra>,
        with_bytes: &BTreeSet<String>,
    ) -> std::result::Result<Self, ContentError> {
        for Extra { path, known } in extra {
            let is_removed = match known {
                Some(hash) if with_bytes.contains(&hex::encode(&hash)) => {
                    self.folder.remove_expecting(&path, hash)?
                }
                _ => false,
            };
            if is_removed {
                self.base.remove(&path);
                self.restored.removed.push(path.to_string());
            } else {
                self.restored.extra.push(path.to_string());
            }
        }
        Ok(self)
    }
}
