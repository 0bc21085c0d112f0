//! Finds the installed server programs.
//!
//! It searches `PATH`, `pg_config --bindir`, and the folders of the usual packages. The newest supported version wins,
//! unless a data folder exists: then its major version is required, because Postgres cannot open another version's
//! data. To support a new major version, raise [`SUPPORTED`] and run the tests with it.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::user::{self, ServerUser};
use crate::error::{Error, Result};

/// The major versions that Forebay supports.
pub(super) const SUPPORTED: RangeInclusive<u32> = 15..=18;

/// One installed server: its program folder and its major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
}

/// The programs to use: those of the `wanted` major version if a data folder requires it, otherwise the newest.
pub(super) fn find(
    folders: Option<&[PathBuf]>,
    wanted: Option<u32>,
    data_dir: &Path,
    user: Option<&ServerUser>,
) -> Result<Binaries> {
    let searched = folders.map_or_else(|| folders_with(&["postgres", "initdb"]), <[PathBuf]>::to_vec);
    let mut found: Vec<Binaries> = searched
        .iter()
        .filter_map(|folder| Some(Binaries { folder: folder.clone(), major: major_version(folder, user)? }))
        .filter(|binaries| SUPPORTED.contains(&binaries.major))
        .collect();
    // A stable sort: of two installations of one version, the one found first (in PATH) stays first.
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    let fits = |binaries: &&Binaries| wanted.is_none_or(|major| binaries.major == major);
    if let Some(binaries) = found.iter().find(fits) {
        return Ok(binaries.clone());
    }
    let mut installed: Vec<u32> = found.iter().map(|binaries| binaries.major).collect();
    installed.dedup();
    match wanted {
        Some(major) if !installed.is_empty() || !SUPPORTED.contains(&major) => {
            Err(Error::ClusterVersionMismatch { data_dir: data_dir.to_path_buf(), found: major, installed })
        }
        _ => Err(Error::ClusterBinariesMissing { supported: SUPPORTED, searched }),
    }
}

/// Every folder with all of these programs, without duplicates; those in `PATH` first.
pub(crate) fn folders_with(programs: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut add = |folder: PathBuf| {
        // PATH may contain a link to a single program; the other programs are beside its target.
        let real = std::fs::canonicalize(folder.join("postgres")).ok();
        let real = real.and_then(|program| program.parent().map(Path::to_path_buf));
        for folder in [real, Some(folder)].into_iter().flatten() {
            let has_all = programs.iter().all(|program| folder.join(program).is_file());
            if has_all && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    };
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).for_each(&mut add);
    if let Some(folder) = bindir_of_pg_config() {
        add(folder);
    }
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr/lib64/pgsql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
        ("/Library/PostgreSQL", "", "bin"),
    ] {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        let belongs = |name: &std::ffi::OsString| name.to_string_lossy().starts_with(prefix);
        names.into_iter().filter(belongs).for_each(|name| add(Path::new(parent).join(name).join(below)));
    }
    ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"].into_iter().map(PathBuf::from).for_each(&mut add);
    folders
}

fn bindir_of_pg_config() -> Option<PathBuf> {
    let answer =
        Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
}

/// Asks the server program itself, as the user that will run it: a program that the user can't run is useless.
fn major_version(folder: &Path, user: Option<&ServerUser>) -> Option<u32> {
    let answer = user::command(&folder.join("postgres"), user).arg("--version").output().ok()?;
    parse_version(std::str::from_utf8(&answer.stdout).ok()?)
}

/// `postgres (PostgreSQL) 17.2 (Debian …)`, `… 18beta1` and `… 18devel` are 17, 18 and 18.
pub(crate) fn parse_version(words: &str) -> Option<u32> {
    let version = words.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_parsed_from_the_programs_output() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(parse_version("postgres: command not found"), None);
    }

    #[test]
    fn an_error_names_the_searched_folders() {
        let folders = [PathBuf::from("/nonexistent/bin")];
        let error = find(Some(&folders), None, Path::new("/data"), None).unwrap_err();
        assert_eq!(error.code(), "cluster_binaries_missing");
        assert!(error.to_string().contains("15 to 18"), "{error}");
        assert!(error.hint().unwrap().contains("Install it with"), "{:?}", error.hint());
    }

    #[test]
    fn an_unsupported_data_folder_is_an_error_that_names_both_versions() {
        let error = find(None, Some(14), Path::new("/data"), None).unwrap_err();
        assert_eq!(error.code(), "cluster_version_mismatch");
        assert!(error.to_string().contains("14"), "{error}");
    }
}
