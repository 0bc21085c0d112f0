//! The data folder: its contents, its owner, and the place of the socket.
//!
//! ```text
//! <data-dir>/            0711 if root created it, 0700 otherwise; stays the caller's own
//!   start.lock  lease.lock  server.lock      see `locks`
//!   server.conf                              the server's settings, rewritten at each start
//!   server.log  server.log.1                 its log, and the previous one
//!   port  password  server.hba               only if an operator asked for a TCP port, see `port`
//!   postgres/                                Postgres' own data folder, 0700, owned by the server's user
//!   socket/                                  0700, owned by the server's user
//! ```
//!
//! If root starts the server, the outer folder still belongs to root: root writes files there, and writing into a
//! folder that an unprivileged user can rearrange allows privilege escalation. Existing permissions are never changed.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use forebay_domain::hex;

use super::user::{self, ServerUser};
use crate::error::{Error, Result};

/// The longest socket path on every supported system (macOS has the lowest limit: 104 with the terminator).
const LONGEST_SOCKET: usize = 103;
/// The longest name of a socket.
const SOCKET_NAME: &str = ".s.PGSQL.65535";

/// The default data folder of the embedded database.
///
/// Root: `/var/lib/forebay`. Others: `$XDG_DATA_HOME/forebay` or `~/.local/share/forebay`, and on macOS
/// `~/Library/Application Support/forebay`.
pub fn default_data_dir() -> Result<PathBuf> {
    if user::is_root() {
        return Ok(PathBuf::from("/var/lib/forebay"));
    }
    // The XDG base directory specification requires ignoring relative paths.
    let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(share) = xdg {
        return Ok(share.join("forebay"));
    }
    let home = std::env::home_dir().filter(|home| home.is_absolute()).ok_or(Error::NoDataDir)?;
    let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    Ok(home.join(below).join("forebay"))
}

/// An existing data folder that this process may use, and the user that its server runs as.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) root: PathBuf,
    pub(super) user: Option<ServerUser>,
}

impl Home {
    /// Creates the folder if it is missing, and makes it accessible to the server's user.
    pub(super) fn prepare(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).map_err(folder("resolve", root))?;
        let user = user::choose(&[&root.join("postgres"), &root]);
        // Check before creating anything, so a refusal leaves nothing behind.
        if let Some(user) = &user {
            let parent = root.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
            passable(parent, user)?;
        }
        let is_new = !root.exists() || is_empty(&root);
        let mode = if user.is_some() { 0o711 } else { 0o700 };
        DirBuilder::new().recursive(true).mode(mode).create(&root).map_err(folder("create", &root))?;
        // The umask may have removed permissions from the new folder.
        if is_new && user.is_some() && owner(&root) == Some(0) {
            fs::set_permissions(&root, Permissions::from_mode(mode)).map_err(folder("open", &root))?;
        }
        if let Some(user) = &user {
            passable(&root, user)?;
        }
        Self { root, user }.checked()
    }

    /// The folder, if it exists.
    pub(super) fn existing(root: &Path) -> Result<Option<Self>> {
        let root = std::path::absolute(root).map_err(folder("resolve", root))?;
        match fs::metadata(&root) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder("open", &root)(error)),
        }
        let user = user::choose(&[&root.join("postgres"), &root]);
        Self { root, user }.checked().map(Some)
    }

    /// An unprivileged user can't use another user's cluster: only its owner can open its inner folder.
    fn checked(self) -> Result<Self> {
        let me = rustix::process::geteuid().as_raw();
        for path in [self.root.clone(), self.pgdata()] {
            if let Some(owner) = owner(&path)
                && me != 0
                && owner != me
            {
                let owner = if owner == 0 { "root".into() } else { format!("user {owner}") };
                return Err(Error::ClusterForbidden {
                    path,
                    user: user::me(),
                    reason: format!("it belongs to {owner}"),
                });
            }
        }
        Ok(self)
    }

    pub(super) fn pgdata(&self) -> PathBuf {
        self.root.join("postgres")
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.root.join("server.conf")
    }

    pub(super) fn hba(&self) -> PathBuf {
        self.root.join("server.hba")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// The major version that created Postgres' data folder. `None`: there is none yet.
    pub(super) fn major(&self) -> Result<Option<u32>> {
        let path = self.pgdata().join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(version) => Ok(version.trim().parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(folder("read", &path)(error)),
        }
    }

    /// Opens a lock file, creating it if missing.
    pub(super) fn lock(&self, name: &str) -> Result<fs::File> {
        self.open(&self.root.join(name), OpenOptions::new().read(true).write(true).truncate(false))
    }

    /// Opens a file of the data folder for writing, creating it if missing. It never follows a symbolic link, and a
    /// file that root creates in a user's folder is given to that user.
    pub(super) fn open(&self, path: &Path, how: &mut OpenOptions) -> Result<fs::File> {
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file =
            how.create(true).mode(0o600).custom_flags(no_follow).open(path).map_err(folder("open", path))?;
        let owner = owner(&self.root).filter(|&owner| owner != 0 && user::is_root());
        if let Some(uid) = owner {
            std::os::unix::fs::fchown(&file, Some(uid), None).map_err(folder("hand over", path))?;
        }
        Ok(file)
    }

    /// Creates a folder that only the server's user can access, or checks an existing one.
    pub(super) fn private_folder(&self, path: &Path) -> Result<()> {
        let wanted = self.user.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid);
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {
                if let Some(user) = &self.user {
                    std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid))
                        .map_err(folder("hand over", path))?;
                }
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(folder("create", path)(error)),
        }
        // In a shared folder such as /tmp, another user may have created it first in order to intercept connections.
        let found = fs::symlink_metadata(path).map_err(folder("open", path))?;
        if found.is_dir() && found.uid() == wanted && found.mode().trailing_zeros() >= 6 {
            return Ok(());
        }
        Err(Error::ClusterForbidden {
            path: path.to_path_buf(),
            user: user::me(),
            reason: "it exists already and is not a private folder of the server's user".into(),
        })
    }

    /// The folder of the server's socket: in the data folder, or, if its path is too long for a socket address, a
    /// private folder with a name derived from it.
    pub(super) fn socket_folder(&self) -> PathBuf {
        let inside = self.root.join("socket");
        if inside.as_os_str().len() + 1 + SOCKET_NAME.len() <= LONGEST_SOCKET {
            return inside;
        }
        let digest = ring::digest::digest(&ring::digest::SHA256, self.root.as_os_str().as_bytes());
        let name = format!("forebay-{}", hex::encode(&digest.as_ref()[..8]));
        // The server's user can't access root's own runtime folder.
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|path| self.user.is_none() && path.is_absolute() && path.is_dir());
        let outside = runtime.unwrap_or_else(|| PathBuf::from("/tmp")).join(&name);
        if outside.as_os_str().len() + 1 + SOCKET_NAME.len() <= LONGEST_SOCKET {
            outside
        } else {
            Path::new("/tmp").join(name)
        }
    }
}

/// Adds the path to an error of the operating system.
pub(super) fn folder(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| {
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Error::ClusterForbidden { path, user: user::me(), reason: "permission denied".into() };
        }
        Error::ClusterFolder { action, path, source }
    }
}

fn passable(path: &Path, user: &ServerUser) -> Result<()> {
    let Some(blocked) = user::blocked_at(path, user) else { return Ok(()) };
    Err(Error::ClusterForbidden {
        path: blocked,
        user: user.name.clone(),
        reason: "PostgreSQL does not run as root, and the user it runs as instead cannot enter this folder"
            .into(),
    })
}

fn owner(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|metadata| metadata.uid())
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_data_folder_moves_the_socket_out() {
        let short = Home { root: PathBuf::from("/var/lib/forebay"), user: None };
        assert_eq!(short.socket_folder(), Path::new("/var/lib/forebay/socket"));

        let long = Home { root: Path::new("/").join("a-long-name/".repeat(12)), user: None };
        let socket = long.socket_folder();
        assert!(!socket.starts_with(&long.root), "{}", socket.display());
        assert!(socket.join(SOCKET_NAME).as_os_str().len() <= LONGEST_SOCKET, "{}", socket.display());

        let other = Home { root: Path::new("/").join("b-long-name/".repeat(12)), user: None };
        assert_ne!(socket, other.socket_folder(), "two clusters never share a socket folder");
    }
}
