//! Listens for changes in a folder.

use std::{
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use notify::{
    Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;
use tracing::warn;

use super::super::folder::{OWN_FOLDER, is_temporary};

/// Learns from the system that something in a folder has changed.
#[derive(Debug)]
pub(super) struct ChangeListener {
    folder: PathBuf,
    /// `None`: the system does not report changes of this folder.
    watcher: Option<RecommendedWatcher>,
    /// Device and number of the watched folder: a path may become that of another one.
    watched: Option<(u64, u64)>,
    changed: Arc<Notify>,
}

impl ChangeListener {
    pub(super) fn open(folder: &Path) -> Self {
        // The system reports absolute paths.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let mut listener = Self { folder, watcher: None, watched: None, changed: Arc::new(Notify::new()) };
        listener.follow();
        listener
    }

    /// Whether the system reports changes.
    pub(super) fn has_hints(&self) -> bool {
        self.watcher.is_some()
    }

    /// Waits for a change that happened since the last call.
    pub(super) async fn hint(&self) {
        self.changed.notified().await;
    }

    /// Listens to the folder that has the path now, if it is another one than before.
    pub(super) fn follow(&mut self) {
        let now = self.folder.metadata().ok().map(|folder| (folder.dev(), folder.ino()));
        if now == self.watched {
            return;
        }
        self.watched = now;
        self.watcher = None;
        match self.listen() {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                warn!(folder = %self.folder.display(), "the system reports no changes of the folder: {error}");
            }
        }
        // Nothing is known about the time in between.
        self.changed.notify_one();
    }

    fn listen(&self) -> notify::Result<RecommendedWatcher> {
        let (folder, changed) = (self.folder.clone(), Arc::clone(&self.changed));
        let on_event = move |event: notify::Result<Event>| {
            // An error means that events were lost.
            if event.map_or(true, |event| is_hint(&folder, &event)) {
                changed.notify_one();
            }
        };
        // Links lead out of the folder, and are never followed.
        let mut watcher = RecommendedWatcher::new(on_event, Config::default().with_follow_symlinks(false))?;
        watcher.watch(&self.folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    }
}

/// Whether an event may mean that a file of the course has changed. Reading is no change, and neither is what Forebay
/// itself writes beside the files.
fn is_hint(folder: &Path, event: &Event) -> bool {
    let is_change = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    event.need_rescan() || (is_change && !event.paths.iter().all(|path| is_own(folder, path)))
}

fn is_own(folder: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(folder) else { return false };
    let is_ours = inside.components().next() == Some(Component::Normal(OWN_FOLDER.as_ref()));
    is_ours || path.file_name().is_some_and(|name| is_temporary(name.as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, Flag, ModifyKind, RenameMode};

    use super::*;

    fn hint(kind: EventKind, paths: &[&str]) -> bool {
        let event = paths.iter().fold(Event::new(kind), |event, path| event.add_path(path.into()));
        is_hint(Path::new("/course"), &event)
    }

    #[test]
    fn what_we_do_ourselves_is_no_hint() {
        let create = EventKind::Create(CreateKind::File);
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        assert!(hint(create, &["/course/lessons/1.1-a.md"]));
        assert!(!hint(create, &["/course/.forebay/state.json"]));
        assert!(!hint(create, &["/course/lessons/.forebay-00ff-1.tmp"]));
        assert!(hint(rename, &["/course/lessons/.forebay-00ff-1.tmp", "/course/lessons/1.1-a.md"]));
        assert!(hint(create, &["/course"]));
        assert!(hint(EventKind::Access(AccessKind::Close(AccessMode::Write)), &["/course/a.md"]));
        assert!(!hint(EventKind::Access(AccessKind::Open(AccessMode::Any)), &["/course/a.md"]));
        assert!(!hint(EventKind::Access(AccessKind::Close(AccessMode::Write)), &["/course/.forebay/lock"]));
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(is_hint(Path::new("/course"), &lost));
    }
}
