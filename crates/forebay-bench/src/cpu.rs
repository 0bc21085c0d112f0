//! Processor time of processes, from `/proc` (proc(5)). It is not measured on other systems.

use std::{fs, time::Duration};

/// The unit of `/proc` (`USER_HZ`), which is 10 ms on every platform of Linux.
const TICK: Duration = Duration::from_millis(10);

/// The counters of a process, as the index of a field after its name.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Own = 11,
    EndedChildren = 13,
}

/// Time of this process, with all its threads.
pub(crate) fn own() -> Option<Duration> {
    read("self", Counted::Own)
}

/// Time of all child processes that have ended.
pub(crate) fn ended_children() -> Option<Duration> {
    read("self", Counted::EndedChildren)
}

/// Time of a running process.
pub(crate) fn of(pid: u32) -> Option<Duration> {
    read(&pid.to_string(), Counted::Own)
}

/// Time of a running process of Postgres. None if the process is another one: the server is on another machine then.
pub(crate) fn of_postgres(pid: u32) -> Option<Duration> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    if name.starts_with("postgres") { of(pid) } else { None }
}

fn read(process: &str, counted: Counted) -> Option<Duration> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?, counted)
}

/// Time in user mode and in the kernel together.
fn parse(stat: &str, counted: Counted) -> Option<Duration> {
    // The second field is the program's name in brackets, and may contain brackets and spaces.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks =
        rest.split_whitespace().skip(counted as usize).map_while(|field| field.parse::<u32>().ok());
    Some(TICK * (ticks.next()? + ticks.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_does_not_shift_the_fields() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 200 0 0 31 12 45 6 20 0 4 0 100 1000 10";
        assert_eq!(parse(stat, Counted::Own), Some(Duration::from_millis(430)));
        assert_eq!(parse(stat, Counted::EndedChildren), Some(Duration::from_millis(510)));
        assert_eq!(parse("7 (a) S 1", Counted::Own), None);
    }
}
