//! The most memory that this process has had resident, from `/proc` (proc(5)); elsewhere it is not measured.

use std::fs;

/// Makes the peak what is resident now.
pub(crate) fn reset_peak() {
    // "5" resets the peak. Where that is not possible, the peak is of the whole process, which is never too small.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak in bytes.
pub(crate) fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
