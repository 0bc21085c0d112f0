//! How fast records are prepared, against the stock crates doing the same: parse, canonicalise, hash.
//!
//! Run with `cargo run -p forebay-domain --example canonical_rate --release`. Both sides hash the canonical form and
//! compute the id with the same SHA-256, so what differs is parsing and writing. Figures are the best of several
//! rounds, which on a shared machine is the least disturbed one.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::{fmt::Write, hint::black_box, sync::Arc, time::Instant};

use forebay_domain::{
    identity::{IdentityError, KeyField, ReferenceId, VersionHash},
    json::Parser,
    prepare::{Preparer, RecordPolicy},
};

const RECORDS: usize = 20_000;
const ROUNDS: usize = 7;

/// Records of a course catalogue in two spellings: keys in any order with spaces, as Python's `json.dumps` writes
/// them, or compact as JavaScript does.
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

/// Runs `work` over all records; prints and returns the best round in nanoseconds per record.
fn measure(name: &str, records: &[String], mut work: impl FnMut(&str)) -> f64 {
    let bytes: usize = records.iter().map(String::len).sum();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for record in records {
            work(record);
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let per_record = best * 1e9 / records.len() as f64;
    println!("  {name:<44} {per_record:>8.0} ns/record {:>8.0} MB/s", bytes as f64 / best / 1e6);
    per_record
}

fn main() -> Result<(), IdentityError> {
    let policy = Arc::new(RecordPolicy::new("catalogue", vec!["course_id".parse::<KeyField>()?]));
    for (name, spaced) in
        [("spaced, unsorted (json.dumps)", true), ("compact, unsorted (JSON.stringify)", false)]
    {
        let records = records(spaced);
        let mean = records.iter().map(String::len).sum::<usize>() / records.len();
        println!("{name}, {mean} bytes a record");
        let mut parser = Parser::default();
        measure("parse only", &records, |record| {
            let _ = black_box(parser.parse(record.as_bytes()).is_ok());
        });
        let mut preparer = Preparer::new(policy.clone());
        let (mut payloads, mut keys) = (Vec::new(), String::new());
        let ours = measure("prepare (parse, canonicalise, hash, id)", &records, |record| {
            payloads.clear();
            keys.clear();
            let _ = black_box(preparer.prepare(record.as_bytes(), &mut payloads, &mut keys).is_ok());
        });
        let hashing = measure("of which SHA-256 (payload and id)", &records, |record| {
            let canonical = &record.as_bytes()[..payloads.len().min(record.len())];
            black_box((VersionHash::of(canonical), ReferenceId::compute("catalogue", &record[15..25])));
        });
        let stock = measure("serde_json + serde_json_canonicalizer + hash", &records, |record| {
            let value: Option<serde_json::Value> = serde_json::from_str(record).ok();
            let canonical = serde_json_canonicalizer::to_vec(&value).unwrap_or_default();
            let key = value.as_ref().and_then(|value| value["course_id"].as_str()).unwrap_or_default();
            black_box((VersionHash::of(&canonical), ReferenceId::compute("catalogue", key)));
        });
        println!(
            "  hashing is {:.0} % of prepare; prepare is {:.1} times as fast",
            hashing / ours * 100.0,
            stock / ours
        );
    }
    Ok(())
}
