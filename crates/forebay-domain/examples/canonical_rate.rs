//! Measures how fast records are prepared, compared with stock crates: parse, canonicalise, hash.
//!
//! Run with `cargo run -p forebay-domain --example canonical_rate --release`. Both sides hash the canonical form and
//! compute the id with the same SHA-256, so the difference is parsing and writing. The measures alternate, and each
//! result is the best of many short rounds: on a shared machine, the least disturbed one.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::{fmt::Write, hint::black_box, sync::Arc, time::Instant};

use forebay_domain::{
    identity::{IdentityError, KeyField, ReferenceId, VersionHash},
    json::Parser,
    prepare::{Preparer, RecordPolicy},
};

const RECORDS: usize = 2_000;
const ROUNDS: usize = 150;

/// Records of a course catalogue in two spellings: with spaces and keys in any order, like Python's `json.dumps`, or
/// compact, like JavaScript.
fn records(spaced: bool) -> Vec<String> {
    let (comma, colon) = if spaced { (", ", ": ") } else { (",", ":") };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    (0..RECORDS)
        .map(|index| {
            let fields = [
                ("course_id", format!("\"CSC-{index:06}\"")),
                ("title", format!("\"Introduction to Systems, part {}\"", random(90))),
                ("institution", "\"College of Staten Island\"".to_owned()),
                ("semester", "\"Spring 2026\"".to_owned()),
                ("credits", format!("{}.5", random(5))),
                ("seats", random(200).to_string()),
                ("open", if random(2) == 0 { "true" } else { "false" }.to_owned()),
                ("instructor", format!("\"Prof. No {}\"", random(10_000))),
                ("room", if random(3) == 0 { "null".to_owned() } else { format!("\"1N-{}\"", random(300)) }),
                ("days", format!("[\"Mon\"{comma}\"Wed\"]")),
                ("starts_at", "\"2026-01-27T09:05:00-05:00\"".to_owned()),
                ("url", format!("\"https://catalogue.example.edu/courses/{index}\"")),
            ];
            let mut text = String::from("{");
            for (position, (name, value)) in fields.iter().enumerate() {
                let separator = if position == 0 { "" } else { comma };
                let _ = write!(text, "{separator}\"{name}\"{colon}{value}");
            }
            text.push('}');
            text
        })
        .collect()
}

/// A measure: its name, and the work for one record.
type Measure<'m> = (&'static str, Box<dyn FnMut(&str) + 'm>);

/// Runs the measures alternately, round after round; returns the best round of each, in nanoseconds per record.
fn best_rounds(records: &[String], measures: &mut [Measure<'_>]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; measures.len()];
    for _ in 0..ROUNDS {
        for ((_, work), best) in measures.iter_mut().zip(&mut best) {
            let start = Instant::now();
            for record in records {
                work(record);
            }
            *best = best.min(start.elapsed().as_secs_f64() * 1e9 / records.len() as f64);
        }
    }
    best
}

fn main() -> Result<(), IdentityError> {
    let policy = Arc::new(RecordPolicy::new("catalogue", vec!["course_id".parse::<KeyField>()?]));
    // For a profiler: `-- ours` skips the stock crates.
    let only_ours = std::env::args().nth(1).is_some_and(|argument| argument == "ours");
    for (name, spaced) in
        [("spaced, unsorted (json.dumps)", true), ("compact, unsorted (JSON.stringify)", false)]
    {
        let records = records(spaced);
        let bytes = records.iter().map(String::len).sum::<usize>() as f64 / records.len() as f64;
        let mut preparer = Preparer::new(policy.clone());
        let (mut payloads, mut keys) = (Vec::new(), String::new());
        let mut parser = Parser::default();
        let mut measures: Vec<Measure<'_>> = vec![
            (
                "prepare (parse, canonicalise, hash, id)",
                Box::new(|record| {
                    payloads.clear();
                    keys.clear();
                    let _ = black_box(preparer.prepare(record.as_bytes(), &mut payloads, &mut keys).is_ok());
                }),
            ),
            (
                "  of which parsing",
                Box::new(|record| {
                    let _ = black_box(parser.parse(record.as_bytes()).is_ok());
                }),
            ),
            (
                "  of which SHA-256 (payload and id)",
                Box::new(|record| {
                    // The canonical form is compact, two bytes per field shorter than the spaced form.
                    let canonical = &record.as_bytes()[..record.len() - if spaced { 24 } else { 0 }];
                    black_box((VersionHash::of(canonical), ReferenceId::compute("catalogue", "CSC-000000")));
                }),
            ),
        ];
        if !only_ours {
            measures.push((
                "serde_json + serde_json_canonicalizer, same hash",
                Box::new(|record| {
                    let value: Option<serde_json::Value> = serde_json::from_str(record).ok();
                    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap_or_default();
                    let key =
                        value.as_ref().and_then(|value| value["course_id"].as_str()).unwrap_or_default();
                    black_box((VersionHash::of(&canonical), ReferenceId::compute("catalogue", key)));
                }),
            ));
        }
        let best = best_rounds(&records, &mut measures);
        println!("{name}, {bytes:.0} bytes a record");
        for ((name, _), best) in measures.iter().zip(&best) {
            println!("  {name:<50} {best:>7.0} ns/record {:>6.0} MB/s", bytes / best * 1e3);
        }
        println!("  hashing is {:.0} % of prepare", best[2] / best[0] * 100.0);
        if let Some(stock) = best.get(3) {
            println!("  prepare is {:.1} times as fast as the stock crates", stock / best[0]);
        }
    }
    Ok(())
}
