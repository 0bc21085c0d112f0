//! The user that the server runs as.
//!
//! An unprivileged user's server runs as that user. Postgres refuses to run as root, so root's server runs as the
//! owner of the data folder if that is another user, otherwise as `postgres` if that user exists, otherwise as
//! `nobody`. The standard library drops the privileges, including supplementary groups.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

/// The unprivileged user that root runs the server as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerUser {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) name: String,
}

/// Whether this process runs as root.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// This process's user, for messages.
pub(super) fn me() -> String {
    let uid = rustix::process::geteuid().as_raw();
    std::env::var("USER").ok().filter(|_| uid != 0).unwrap_or_else(|| match uid {
        0 => "root".into(),
        uid => format!("user {uid}"),
    })
}

/// The user to run the server as, given the folders that determine it, most important first. `None`: the current
/// user.
pub(super) fn choose(folders: &[&Path]) -> Option<ServerUser> {
    if !is_root() {
        return None;
    }
    let owner = folders.iter().find_map(|folder| {
        let owner = fs::metadata(folder).ok().filter(|owner| owner.uid() != 0)?;
        Some(ServerUser { uid: owner.uid(), gid: owner.gid(), name: format!("user {}", owner.uid()) })
    });
    owner.or_else(|| named("postgres")).or_else(|| named("nobody"))
}

/// Looks up a user by name. `id` queries every directory service of the system, not only the local file.
fn named(name: &str) -> Option<ServerUser> {
    let number = |what: &str| -> Option<u32> {
        let answer = Command::new("id").args([what, name]).stdin(Stdio::null()).output().ok()?;
        String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
    };
    Some(ServerUser { uid: number("-u")?, gid: number("-g")?, name: name.into() })
}

/// A command that runs as that user, detached from the terminal and from the caller's Postgres settings.
///
/// The environment contains only the few variables that programs need to be found and loaded: `PG*` variables would
/// redirect the server, and translated messages would not be recognised.
pub(super) fn command(program: &Path, user: Option<&ServerUser>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null());
    for name in
        ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"]
    {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid).env_remove("HOME");
    }
    command
}

/// The outermost folder on the way to `folder` that the user can't enter, if any.
pub(super) fn blocked_at(folder: &Path, user: &ServerUser) -> Option<std::path::PathBuf> {
    let passes = |folder: &Path| {
        let mut enter = command(Path::new("/bin/sh"), Some(user));
        enter.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        enter.status().is_ok_and(|status| status.success())
    };
    if passes(folder) {
        return None;
    }
    let mut ways: Vec<&Path> = folder.ancestors().collect();
    ways.reverse();
    ways.into_iter().find(|way| !passes(way)).map(Path::to_path_buf)
}
