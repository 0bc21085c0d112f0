//! The server's settings.
//!
//! One file, rewritten at each start, replaces the one that `initdb` creates, so a newer Forebay's settings reach an
//! old cluster. An operator's `ALTER SYSTEM` settings take precedence. The server has no network address unless an
//! operator asks for a port, so the socket's private folder controls access.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Upper limit of the page cache; enough for Forebay's hot indexes.
const MOST_SHARED_BUFFERS_MB: u64 = 512;
/// Lower limit of the page cache; Postgres thrashes with less.
const LEAST_SHARED_BUFFERS_MB: u64 = 16;

/// `durable: false` trades crash safety for speed. Only the temporary clusters of tests use it.
pub(super) fn render(socket_folder: &Path, durable: bool, tcp: Option<&Tcp>) -> Vec<u8> {
    let mut text =
        b"# Written by Forebay at each start; changes here are lost. Use ALTER SYSTEM instead.\n".to_vec();
    text.extend_from_slice(b"unix_socket_directories = ");
    text.extend(quoted_list(socket_folder.as_os_str().as_bytes()));
    text.extend_from_slice(FIXED.as_bytes());
    let buffers = shared_buffers_mb(memory_mb());
    text.extend(format!("shared_buffers = {buffers}MB\n").into_bytes());
    let safety = if durable { "on" } else { "off" };
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        text.extend(format!("{setting} = {safety}\n").into_bytes());
    }
    if let Some(Tcp { port, hba }) = tcp {
        text.extend(format!("listen_addresses = '127.0.0.1'\nport = {port}\nhba_file = ").into_bytes());
        text.extend(quoted(hba.as_os_str().as_bytes()));
    }
    text
}

/// A TCP port, and the file that says who may connect to it.
pub(super) struct Tcp {
    pub(super) port: u16,
    pub(super) hba: PathBuf,
}

/// Who may connect while the server has a port: the socket's folder controls the socket, and the password the port.
pub(super) const HBA: &str = "\
# Written by Forebay at each start; changes here are lost.
local all all trust
local replication all trust
host all forebay 127.0.0.1/32 scram-sha-256
";

const FIXED: &str = "
# Only users who can enter the socket's folder can connect.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
cluster_name = 'forebay'
max_connections = 200
# For bulk loads: few, long, evenly spread checkpoints, and WAL buffers for two concurrent loads.
wal_buffers = 16MB
max_wal_size = 2GB
min_wal_size = 512MB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
# The rows of the jobs table change quickly, so their dead versions must be vacuumed often.
autovacuum_naptime = 10s
# Statements are many and short: compiling them costs more than it saves.
jit = off
random_page_cost = 1.1
log_min_messages = warning
log_checkpoints = off
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'
# The role has the same name as the schema. By default, `$user` would put that schema on the search path, only here.
search_path = 'public'
";

/// A text as a configuration value.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut value = b"'".to_vec();
    for &byte in text {
        match byte {
            b'\'' => value.extend_from_slice(b"''"),
            b'\\' => value.extend_from_slice(b"\\\\"),
            byte => value.push(byte),
        }
    }
    value.extend_from_slice(b"'\n");
    value
}

/// A list of one item as a configuration value: the item in double quotes for the list, and the whole in single quotes
/// for the file, where backslashes escape.
fn quoted_list(item: &[u8]) -> Vec<u8> {
    let mut value = b"'\"".to_vec();
    for &byte in item {
        match byte {
            b'"' => value.extend_from_slice(b"\"\""),
            b'\'' => value.extend_from_slice(b"''"),
            b'\\' => value.extend_from_slice(b"\\\\"),
            byte => value.push(byte),
        }
    }
    value.extend_from_slice(b"\"'\n");
    value
}

/// An eighth of the memory, within limits. If the amount of memory is unknown, the upper limit.
fn shared_buffers_mb(memory_mb: Option<u64>) -> u64 {
    memory_mb.map_or(MOST_SHARED_BUFFERS_MB, |memory| {
        (memory / 8).clamp(LEAST_SHARED_BUFFERS_MB, MOST_SHARED_BUFFERS_MB)
    })
}

fn memory_mb() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_list_and_for_the_file() {
        assert_eq!(quoted_list(br"/a, b/it's"), b"'\"/a, b/it''s\"'\n");
        assert_eq!(quoted_list(br"/a\b"), b"'\"/a\\\\b\"'\n");
    }

    #[test]
    fn a_port_comes_after_the_settings_that_it_replaces() {
        let tcp = Tcp { port: 5433, hba: "/it's".into() };
        let text = String::from_utf8(render(Path::new("/s"), true, Some(&tcp))).unwrap();
        let end = "\nlisten_addresses = '127.0.0.1'\nport = 5433\nhba_file = '/it''s'\n";
        assert!(text.ends_with(end), "{text}");
        let text = String::from_utf8(render(Path::new("/s"), true, None)).unwrap();
        assert!(text.contains("\nlisten_addresses = ''\n") && !text.contains("hba_file"), "{text}");
    }

    #[test]
    fn a_small_machine_gets_a_small_cache() {
        assert_eq!(shared_buffers_mb(Some(256)), 32);
        assert_eq!(shared_buffers_mb(Some(32_000)), 512);
        assert_eq!(shared_buffers_mb(Some(1)), 16);
        assert_eq!(shared_buffers_mb(None), 512);
    }

    #[test]
    fn only_temporary_clusters_are_not_durable() {
        let text = |durable| String::from_utf8(render(Path::new("/s"), durable, None)).unwrap();
        assert!(text(true).contains("\nfsync = on\n"));
        assert!(text(false).contains("\nfsync = off\n"));
    }
}
