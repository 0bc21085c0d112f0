//! Peak resident memory of this process, from `/proc` (proc(5)). It is not measured on other systems.

use std::fs;

/// Resets the peak to what is resident now.
pub(crate) fn reset_peak() {
    // "5" resets the peak. Without permission, the peak since the process started is reported, which is never too low.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak in bytes.
pub(crate) fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
