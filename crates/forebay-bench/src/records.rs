//! Made-up records of about 380 bytes of JSON. The same number always gives the same record.

use std::io::{self, Write};

const WORDS: [&str; 16] = [
    "harbour", "signal", "meadow", "quartz", "lantern", "orbit", "timber", "velvet", "anchor", "prairie",
    "copper", "saffron", "glacier", "willow", "ember", "summit",
];

/// Writes one record and a line break. Generations of the same number differ in their seats.
pub(crate) fn write_record(out: &mut impl Write, number: u64, generation: u64) -> io::Result<()> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        WORDS[usize::try_from(state >> 60).unwrap_or_default()]
    };
    write!(
        out,
        r#"{{"id":{number},"title":"{} and {} {number}","instructor":"{} {}","#,
        word(),
        word(),
        word(),
        word()
    )?;
    write!(
        out,
        r#""url":"https://example.org/courses/{number}","semester":"Spring 2026","credits":{},"#,
        number % 6 + 1
    )?;
    write!(
        out,
        r#""seats":{},"open":{},"tags":["{}","{}"],"description":""#,
        number % 180 + generation,
        number.is_multiple_of(2),
        word(),
        word()
    )?;
    for _ in 0..19 {
        write!(out, "{} ", word())?;
    }
    writeln!(out, r#"end."}}"#)
}
