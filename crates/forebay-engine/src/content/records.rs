//! The records of a sync: which files are written under which keys, and their run.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use forebay_domain::content::{
    file_text::hashes,
    layout::Layout,
    paths::RelativePath,
    plan::{Action, Changes, FileState},
};
use forebay_sources::{Format, ReadOptions};
use forebay_store::{connect::Database, content::MeasuredLesson, export, sources::Source};
use serde_json::Value;

use super::{
    course::{CourseSettings, DeclaredCourse},
    folder::CourseFolder,
    record::{KEY_FIELD, key_fits, new_key, record},
    sides::Known,
    snapshot::{CourseFile, Snapshot, is_text},
};
use crate::{
    error::{Error, Result},
    persist::{Basis, Input, RunReport, persist_declared},
};

/// The records to write.
pub(super) struct Work {
    /// Files whose records are written, with their keys.
    files: Vec<(String, CourseFile)>,
    /// Whether the run must see everything that stays, because it removes files, or because it decides about what a
    /// held run withholds.
    is_complete: bool,
    /// Keys of stored files that stay as they are although the folder does not have them like that.
    kept: BTreeSet<String>,
}

impl Work {
    /// `None`: there is nothing to write. While guards withhold something, each run is complete, because only such a
    /// run decides about it afresh.
    pub(super) fn new(
        snapshot: &Snapshot,
        known: &Known,
        changes: &Changes,
        has_held_run: bool,
    ) -> Option<Self> {
        let mut keys: BTreeMap<&RelativePath, &str> =
            known.files.iter().map(|(path, file)| (path, file.record_key.as_str())).collect();
        // First all old paths are taken away: a path may be the old one of one file and the new one of another.
        let (mut new_keys, mut gone) = (Vec::new(), HashSet::new());
        for action in &changes.actions {
            match action {
                Action::Move { from, to, .. } => new_keys.extend(keys.remove(from).map(|key| (to, key))),
                Action::Remove { path } => gone.extend(keys.remove(path)),
                Action::Add { .. } | Action::Update { .. } => {}
            }
        }
        keys.extend(new_keys);
        let touched: BTreeSet<&RelativePath> = changes.actions.iter().map(Action::path).collect();
        let renumbered = |path: &RelativePath, file: &CourseFile| {
            let stored = known.files.get(path);
            stored.is_some_and(|stored| file.number.is_some() && stored.number != file.number)
        };
        let needs_record =
            |(path, file): &(&RelativePath, &CourseFile)| touched.contains(path) || renumbered(path, file);
        let left_alone = changes.left_alone();
        for (path, file) in snapshot.files.iter().filter(|(path, _)| !left_alone.contains(*path)) {
            let other_kind = keys.get(path).copied().filter(|key| !key_fits(key, &file.role));
            if let Some(key) = other_kind {
                keys.remove(path);
                gone.insert(key);
            }
        }
        let is_complete = has_held_run || !gone.is_empty();
        let mut taken: HashSet<String> = keys.values().map(|key| (*key).to_owned()).collect();
        let mut files = Vec::new();
        for (path, file) in &snapshot.files {
            if left_alone.contains(path) || !(is_complete || needs_record(&(path, file))) {
                continue;
            }
            let key =
                keys.get(path).map_or_else(|| free_key(&new_key(file), &mut taken), |key| (*key).to_owned());
            files.push((key, file.clone()));
        }
        if files.is_empty() && !is_complete {
            return None;
        }
        let written: HashSet<&str> = files.iter().map(|(key, _)| key.as_str()).collect();
        let kept = known
            .files
            .values()
            .map(|file| file.record_key.as_str())
            .filter(|key| is_complete && !written.contains(key) && !gone.contains(key))
            .map(str::to_owned)
            .collect();
        Some(Self { files, is_complete, kept })
    }

    /// Persists the records as one run. Returns the files that changed after the snapshot, as they were stored. Error:
    /// `outdated` if another run has changed what is stored.
    pub(super) async fn run(
        self,
        database: &Database,
        settings: &CourseSettings,
        course: &DeclaredCourse,
        folder: &Arc<CourseFolder>,
        (allow_removals, measured): (bool, &[MeasuredLesson]),
    ) -> Result<(RunReport, BTreeMap<RelativePath, FileState>)> {
        let DeclaredCourse { course, declared, .. } = course;
        let mut request = settings.request()?;
        request.basis = Some(Basis { last_run: course.last_run });
        request.complete = self.is_complete;
        request.measured = measured.to_vec();
        if allow_removals {
            request.overrides.max_removed_share = Some(1.0);
        }
        let kept = kept_records(database, &declared.source, &self.kept).await?;
        let changed = Arc::new(Mutex::new(BTreeMap::new()));
        let lines = Lines {
            folder: Arc::clone(folder),
            files: self.files.into_iter(),
            kept: kept.into_iter(),
            layout: settings.layout.clone(),
            max_bytes: settings.max_file_bytes,
            changed: Arc::clone(&changed),
            line: Vec::new(),
            at: 0,
        };
        let read = ReadOptions {
            format: Format::JsonLines,
            // A record holds its file, escaped, and what is derived from it.
            max_record_bytes: usize::try_from(settings.max_file_bytes.saturating_mul(8))
                .unwrap_or(usize::MAX),
            ..ReadOptions::default()
        };
        let name = folder.path().display().to_string();
        let input = Input::bytes(name, Box::new(lines), read);
        let run = persist_declared(database, declared.clone(), request, input, &|_| {}).await?;
        let changed = std::mem::take(&mut *changed.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((run, changed))
    }
}

/// A key that no other file has. Two files can only want the same key if neither has a lesson id.
fn free_key(wanted: &str, taken: &mut HashSet<String>) -> String {
    let mut key = wanted.to_owned();
    let mut number = 1;
    while !taken.insert(key.clone()) {
        number += 1;
        key = format!("{wanted}~{number}");
    }
    key
}

/// The stored payloads of references that a complete run must see so that they stay.
async fn kept_records(database: &Database, source: &Source, keys: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut records = Vec::with_capacity(keys.len());
    if keys.is_empty() {
        return Ok(records);
    }
    let client = database.client().await?;
    let mut payloads = export::payloads(&**client, source, None, None).await?;
    while let Some(payload) = payloads.next().await? {
        let parsed: Value =
            serde_json::from_str(payload).map_err(|error| Error::Payload(error.to_string()))?;
        if parsed.get(KEY_FIELD).and_then(Value::as_str).is_some_and(|key| keys.contains(key)) {
            records.push(payload.to_owned());
        }
    }
    Ok(records)
}

/// The records as JSON Lines. Files are read one after the other, so memory stays flat.
struct Lines {
    folder: Arc<CourseFolder>,
    files: std::vec::IntoIter<(String, CourseFile)>,
    kept: std::vec::IntoIter<String>,
    layout: Layout,
    max_bytes: u64,
    changed: Arc<Mutex<BTreeMap<RelativePath, FileState>>>,
    line: Vec<u8>,
    at: usize,
}

impl Lines {
    /// The next line; `None` after the last.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some((key, file)) = self.files.next() {
            let record = self.record(&key, file)?;
            let mut line = serde_json::to_vec(&record)?;
            line.push(b'\n');
            return Ok(Some(line));
        }
        Ok(self.kept.next().map(|record| format!("{record}\n").into_bytes()))
    }

    fn record(&self, key: &str, mut file: CourseFile) -> io::Result<Value> {
        let path = file.state.path.clone();
        let is_stored = is_text(&file.role) || file.state.size <= self.max_bytes;
        if !is_stored {
            return Ok(record(key, &file, &self.layout, None));
        }
        let bytes = self.folder.read(&path, self.max_bytes).map_err(io::Error::other)?;
        let bytes = bytes.ok_or_else(|| io::Error::other(format!("{path} was deleted while it was read")))?;
        let (hash, hash_ignoring_line_endings) = hashes(&bytes);
        if hash != file.state.hash {
            file.state.hash = hash;
            file.state.hash_ignoring_line_endings = hash_ignoring_line_endings;
            file.state.size = bytes.len() as u64;
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.insert(path, file.state.clone());
        }
        Ok(record(key, &file, &self.layout, Some(&bytes)))
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.line.len() {
            match self.next_line()? {
                Some(line) => (self.line, self.at) = (line, 0),
                None => return Ok(0),
            }
        }
        let rest = &self.line[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
