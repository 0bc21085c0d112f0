//! Writing files into a folder that people edit at the same time.
//!
//! A call replaces a file if its bytes are not lost: this process wrote them, or a sync has stored them. Other bytes
//! are first copied to `.forebay/kept/HASH/PATH`, as after a decision with `sync --keep`.

use std::{collections::BTreeMap, io};

use forebay_domain::content::{file_text::hash, paths::RelativePath};

use super::{
    error::{ContentError, Result},
    folder::{BATCH, CourseFolder, Expected},
    keep::{FolderChange, FolderChangeKind},
    state,
};

/// How often a file is compared again if somebody changes it all the time.
const MAX_LOOKS: usize = 10;

/// The versions of files that may be replaced.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The hashes of what this process wrote.
    written: BTreeMap<RelativePath, [u8; 32]>,
    /// Whether syncs store files. If not, the first version of a file that this process finds may be replaced.
    is_stored: bool,
}

impl Seen {
    pub(super) fn new(is_stored: bool) -> Self {
        Self { is_stored, ..Self::default() }
    }

    /// Whether these bytes of a file are not lost if the file is replaced. `stored` is read when it is first needed.
    fn knows(
        &self,
        path: &RelativePath,
        found: &[u8; 32],
        stored: &mut Option<BTreeMap<RelativePath, [u8; 32]>>,
        folder: &CourseFolder,
    ) -> bool {
        match self.written.get(path) {
            Some(written) if written == found => return true,
            None if !self.is_stored => return true,
            _ => {}
        }
        let stored = stored.get_or_insert_with(|| state::stored_hashes(folder));
        stored.get(path) == Some(found)
    }

    /// Writes files, each as a whole, unless they have these bytes. Returns the number of written files, and where the
    /// bytes of others are now. A file that cannot be read is replaced. After an error, the files before the one that
    /// failed are written.
    pub(super) fn write(
        &mut self,
        folder: &CourseFolder,
        files: &[(RelativePath, Vec<u8>)],
    ) -> Result<(u64, Vec<FolderChange>)> {
        let (mut num_written, mut kept, mut stored) = (0, Vec::new(), None);
        // The folder of a batch is flushed once.
        for batch in files.chunks(BATCH) {
            let mut left: Vec<(&RelativePath, &[u8])> =
                batch.iter().map(|(path, bytes)| (path, bytes.as_slice())).collect();
            for look in 1.. {
                let (mut ready, mut changed) = (Vec::new(), Vec::new());
                for (path, bytes) in left {
                    let expected = match folder.hash(path) {
                        Ok(Some((found, _))) if found == hash(bytes) => continue,
                        Ok(Some((found, _))) => {
                            if !self.knows(path, &found, &mut stored, folder) {
                                let Some(copy) = folder.keep(path, found)? else {
                                    changed.push((path, bytes));
                                    continue;
                                };
                                let (path, kept_as) = (path.clone(), Some(copy));
                                kept.push(FolderChange { path, kind: FolderChangeKind::Written, kept_as });
                            }
                            Expected::Hash(Some(found))
                        }
                        Ok(None) => Expected::Hash(None),
                        Err(_) => Expected::Anything,
                    };
                    ready.push((path, bytes, expected));
                }
                let unwritten = folder.write_batch(&ready)?;
                num_written += (ready.len() - unwritten.len()) as u64;
                for (at, (path, bytes, _)) in ready.into_iter().enumerate() {
                    if unwritten.contains(&at) {
                        changed.push((path, bytes));
                    } else {
                        self.written.insert(path.clone(), hash(bytes));
                    }
                }
                left = changed;
                let Some((path, _)) = left.first() else { break };
                if look == MAX_LOOKS {
                    let busy = io::Error::new(io::ErrorKind::ResourceBusy, "somebody else keeps changing it");
                    return Err(ContentError::file("write", &folder.path().join(path.as_str()), busy));
                }
            }
        }
        Ok((num_written, kept))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn bytes_that_nobody_has_stored_are_kept() {
        let directory = tempfile::TempDir::new().unwrap();
        let folder = CourseFolder::open(directory.path()).unwrap();
        let path = RelativePath::parse("lessons/a.md").unwrap();
        let file = directory.path().join("lessons/a.md");
        let files = |text: &str| vec![(path.clone(), text.as_bytes().to_vec())];
        let mut seen = Seen::new(true);
        assert_eq!(seen.write(&folder, &files("1")).unwrap(), (1, Vec::new()));
        assert_eq!(seen.write(&folder, &files("1")).unwrap(), (0, Vec::new()));
        assert_eq!(seen.write(&folder, &files("2")).unwrap(), (1, Vec::new()), "it wrote 1 itself");
        fs::write(&file, "edited").unwrap();
        let (num_written, kept) = seen.write(&folder, &files("3")).unwrap();
        assert_eq!((num_written, kept.len()), (1, 1));
        assert_eq!(fs::read_to_string(&file).unwrap(), "3");
        let copy = kept[0].kept_as.clone().unwrap();
        assert!(copy.as_str().ends_with("/lessons/a.md"), "{copy}");
        assert_eq!(fs::read_to_string(directory.path().join(copy.as_str())).unwrap(), "edited");

        // Another process does not know these bytes either, unless files are not stored at all.
        assert_eq!(Seen::new(false).write(&folder, &files("4")).unwrap(), (1, Vec::new()));
        assert_eq!(Seen::new(true).write(&folder, &files("5")).unwrap().1.len(), 1);
    }
}
