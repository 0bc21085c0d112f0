//! The environment variables: those of the process, and those of a `.env` file that the user asked for.
//!
//! A variable of the process wins over the file, even if it is empty. No file is read unless [`add_file`] is called.
//! Its variables are kept here and not written to the process's environment, which isn't safe while other threads read
//! it. So code of Forebay that reads a setting or a secret calls [`var`] instead of [`std::env::var`]. Variables that
//! describe the machine, such as `HOME` and `PATH`, are read from the process alone.

mod child;
mod file;

use std::{
    collections::BTreeMap,
    env::{self, VarError},
    ffi::OsString,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

pub use self::child::{keep_from_programs, of_programs};
use crate::Error;

/// Maximum size of a `.env` file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The variables of files, each with its file.
static FROM_FILES: RwLock<BTreeMap<String, (String, PathBuf)>> = RwLock::new(BTreeMap::new());

/// Adds the variables of a `.env` file for the rest of the process. Variables of an earlier file stay.
///
/// Call it at the start, before anything looks up a variable. Errors: `env_file_unreadable`, `env_file_invalid`; they
/// name the file and the line, and never contain its text.
pub fn add_file(path: &Path) -> Result<(), Error> {
    let variables = read(path)?;
    let mut known = FROM_FILES.write().unwrap_or_else(PoisonError::into_inner);
    for (name, value) in variables {
        known.entry(name).or_insert_with(|| (value, path.to_owned()));
    }
    Ok(())
}

/// The value of a variable, as [`std::env::var`] returns it.
pub fn var(name: &str) -> Result<String, VarError> {
    var_os(name).ok_or(VarError::NotPresent)?.into_string().map_err(VarError::NotUnicode)
}

/// The value of a variable, as [`std::env::var_os`] returns it.
pub fn var_os(name: &str) -> Option<OsString> {
    env::var_os(name).or_else(|| {
        let known = FROM_FILES.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).map(|(value, _)| value.into())
    })
}

/// The file that gives this variable. `None`: it is not set, or the process has it.
pub fn file_of(name: &str) -> Option<PathBuf> {
    let known = FROM_FILES.read().unwrap_or_else(PoisonError::into_inner);
    known.get(name).filter(|_| env::var_os(name).is_none()).map(|(_, path)| path.clone())
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let unreadable = |source| Error::EnvFileUnreadable { path: path.display().to_string(), source };
    let invalid = |line, problem| Error::EnvFileInvalid { path: path.display().to_string(), line, problem };
    let mut bytes = Vec::new();
    // A pipe has no length, so the reader is limited.
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(io::Error::other("it has more than 1 MiB")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        invalid(valid.split(|byte| *byte == b'\n').count(), "the text is not UTF-8")
    })?;
    file::parse(text).map_err(|error| invalid(error.line, error.problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.env");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn the_process_wins_over_the_file_and_the_first_file_over_the_second() {
        let (_folder, first) = write(b"PATH=/nowhere\nENV_FILE_A=1\n");
        let (_other, second) = write(b"ENV_FILE_A=2\nENV_TEST_B=2\n");
        add_file(&first).unwrap();
        add_file(&second).unwrap();
        assert_eq!(var("PATH"), env::var("PATH"));
        assert_eq!((file_of("PATH"), file_of("ENV_TEST_C")), (None, None));
        assert_eq!((var("ENV_FILE_A").unwrap(), file_of("ENV_FILE_A")), ("1".into(), Some(first)));
        assert_eq!((var("ENV_TEST_B").unwrap(), file_of("ENV_TEST_B")), ("2".into(), Some(second)));
        assert_eq!(var("ENV_TEST_C"), Err(VarError::NotPresent));
        assert_eq!(env::var_os("ENV_FILE_A"), None, "the process's environment is untouched");
    }

    #[test]
    fn errors_name_the_place_and_not_the_text() {
        let (_folder, path) = write(b"A=1\nB='hunter2");
        let error = add_file(&path).unwrap_err();
        assert_eq!(error.code(), "env_file_invalid");
        assert!(error.to_string().contains("my.env, line 2"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        let (_folder, path) = write(b"A=1\n\nB=hunter2\xff\n");
        let error = add_file(&path).unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
        let (_folder, path) = write(&vec![b'#'; 1 << 20]);
        assert!(add_file(&path).is_ok());
        let (_folder, path) = write(&vec![b'#'; (1 << 20) + 1]);
        assert_eq!(add_file(&path).unwrap_err().code(), "env_file_unreadable");
        let error = add_file(Path::new("/nowhere/.env")).unwrap_err();
        assert_eq!(error.code(), "env_file_unreadable");
        assert!(error.to_string().contains("/nowhere/.env"), "{error}");
    }
}
