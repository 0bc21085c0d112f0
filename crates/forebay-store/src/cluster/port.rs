//! The TCP port of the cluster: none, unless an operator asks for one.
//!
//! The port is in a file of the data folder, so every process that starts the server uses it until the cluster is
//! stopped. The password is created once, and is nowhere else than in its file and, as a SCRAM verifier, in the
//! database.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use forebay_domain::hex;
use ring::rand::{SecureRandom, SystemRandom};

use super::home::{Home, folder};
use crate::error::{Error, Result};

/// Random bytes in a password.
const PASSWORD_BYTES: usize = 24;

/// The file with the port.
fn file(home: &Home) -> PathBuf {
    home.root.join("port")
}

/// The file with the password; only its owner can read it.
pub(super) fn password_file(home: &Home) -> PathBuf {
    home.root.join("password")
}

/// The port that an operator asked for.
pub(super) fn wanted(home: &Home) -> Result<Option<u16>> {
    Ok(read(&file(home))?.and_then(|text| text.trim().parse().ok()))
}

/// Whether the server could listen on a port now.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Keeps the port for the next start of the server.
pub(super) fn keep(home: &Home, port: u16) -> Result<()> {
    write(home, &file(home), &port.to_string())
}

/// The next start of the server uses the socket only.
pub(super) fn forget(home: &Home) -> Result<()> {
    match fs::remove_file(file(home)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(folder("remove", &file(home))(error)),
        _ => Ok(()),
    }
}

/// The password, which is created if there is none.
pub(super) fn password(home: &Home) -> Result<String> {
    let path = password_file(home);
    if let Some(password) = read(&path)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        return Ok(password);
    }
    let mut bytes = [0_u8; PASSWORD_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::ClusterFolder {
        action: "create a password for",
        path: path.clone(),
        source: io::Error::other("the system has no random numbers"),
    })?;
    let password = hex::encode(&bytes);
    write(home, &path, &password)?;
    Ok(password)
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(folder("read", path)(error)),
    }
}

/// Replaces a file of which only the owner can read anything.
fn write(home: &Home, path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    let mut file = home.open(&new, OpenOptions::new().write(true).truncate(true))?;
    file.write_all(format!("{text}\n").as_bytes()).map_err(folder("write", &new))?;
    fs::rename(&new, path).map_err(folder("write", path))
}
