//! The time that processes have had on a processor, from `/proc` (proc(5)); elsewhere it is not measured.

use std::{fs, time::Duration};

/// What `/proc` counts in, a hundredth of a second on all that Linux runs on today (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Which of the counters of a process.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Own = 11,
    EndedChildren = 13,
}

/// Of this process, all its threads.
pub(super) fn own() -> Option<Duration> {
    read("self", Counted::Own)
}

/// Of all processes that this one has started and that have ended.
pub(super) fn ended_children() -> Option<Duration> {
    read("self", Counted::EndedChildren)
}

/// Of a process that runs.
pub(super) fn of(pid: u32) -> Option<Duration> {
    read(&pid.to_string(), Counted::Own)
}

/// Of a process that runs, if it is one of Postgres's: a server that is on another machine has other numbers.
pub(super) fn of_postgres(pid: u32) -> Option<Duration> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    if name.starts_with("postgres") { of(pid) } else { None }
}

fn read(process: &str, counted: Counted) -> Option<Duration> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?, counted)
}

/// In user mode and in the kernel together.
fn parse(stat: &str, counted: Counted) -> Option<Duration> {
    // The second field is the program's name in brackets, and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks =
        rest.split_whitespace().skip(counted as usize).map_while(|field| field.parse::<u32>().ok());
    Some(TICK * (ticks.next()? + ticks.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_fields_are_read_whatever_the_program_is_called() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 200 0 0 31 12 45 6 20 0 4 0 100 1000 10";
        assert_eq!(parse(stat, Counted::Own), Some(Duration::from_millis(430)));
        assert_eq!(parse(stat, Counted::EndedChildren), Some(Duration::from_millis(510)));
        assert_eq!(parse("7 (a) S 1", Counted::Own), None);
    }
}
