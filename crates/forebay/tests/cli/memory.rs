//! Resident memory of the real program, whatever its input is.
//!
//! `FOREBAY_TEST_MEMORY_MB` sets the size of each input (20 by default); 100 is for long runs.

use std::{
    env, fs,
    io::{BufWriter, Write},
    path::Path,
    process::Output,
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::{
    Sandbox,
    database::{TestDb, database},
    shown,
    site::Site,
};

/// Maximum resident memory, in KiB.
const LIMIT_KIB: u64 = 256 << 10;

/// Bytes of an input.
fn size() -> usize {
    let megabytes = env::var("FOREBAY_TEST_MEMORY_MB").ok().and_then(|number| number.parse().ok());
    megabytes.unwrap_or(20) * 1_000_000
}

/// Writes a unit again and again, until there are as many bytes as in an input.
fn repeat(out: impl Write, before: &str, unit: &str, after: &str) {
    repeat_to(out, size(), before, unit, after);
}

/// Writes a unit again and again, until there are so many bytes.
fn repeat_to(out: impl Write, size: usize, before: &str, unit: &str, after: &str) {
    let mut out = BufWriter::new(out);
    out.write_all(before.as_bytes()).unwrap();
    for _ in 0..size / unit.len() {
        out.write_all(unit.as_bytes()).unwrap();
    }
    out.write_all(after.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Runs the program to its end. Returns its output and its peak resident memory in KiB.
fn measured(sandbox: &Sandbox, db: &TestDb, line: &str) -> (Output, u64) {
    let mut command = sandbox.command(&format!("{line} --output json"));
    command.env("FOREBAY_DATABASE_URL", &db.url).env("PATH", "/usr/bin:/bin");
    // Files, because nobody reads a pipe while the program runs, and a full one would stop it.
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| sandbox.path().join(name));
    command.stdout(fs::File::create(&stdout).unwrap()).stderr(fs::File::create(&stderr).unwrap());
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        peak = kib.unwrap_or(0).max(peak);
        thread::sleep(Duration::from_millis(5));
    };
    let [stdout, stderr] = [stdout, stderr].map(|path| fs::read(path).unwrap());
    (Output { status: ended, stdout, stderr }, peak)
}

/// The run of a command whose memory stayed within the limit, and that memory in MiB.
fn run_within(sandbox: &Sandbox, db: &TestDb, name: &str, line: &str) -> (Value, u64) {
    let (output, peak) = measured(sandbox, db, line);
    assert!(peak < LIMIT_KIB, "{name} took {} MiB: {}", peak >> 10, shown(&output));
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: {}", shown(&output)));
    (document["runs"][0].clone(), peak >> 10)
}

fn create(folder: &Path, name: &str) -> fs::File {
    fs::File::create(folder.join(name)).unwrap()
}

#[test]
fn rejected_records_of_files_are_bounded() {
    let (sandbox, db) = (Sandbox::new(), database());
    let folder = sandbox.path();
    repeat(create(folder, "objects.json"), "[{}", ",{}", "]");
    repeat(create(folder, "numbers.json"), "[1", ",1", "]");
    repeat(GzEncoder::new(create(folder, "bomb.json.gz"), Compression::fast()), "[{}", ",{}", "]");
    repeat(create(folder, "objects.jsonl"), "", "{}\n", "");
    repeat(create(folder, "rows.csv"), "id,title\n", ",\n", "");
    repeat(create(folder, "short.csv"), "id,title\n", "1\n", "");
    repeat(create(folder, "tap.singer"), "", "{\n", "");
    for (name, reason) in [
        ("objects.json", "missing_key"),
        ("numbers.json", "not_an_object"),
        ("bomb.json.gz", "missing_key"),
        ("objects.jsonl", "missing_key"),
        ("rows.csv", "empty_key"),
        ("short.csv", "invalid_csv"),
        ("tap.singer", "invalid_json"),
    ] {
        let format = name.split('.').nth(1).unwrap();
        let line = format!("persist {name} --source {format} --key id --format {format}");
        let (run, mebibytes) = run_within(&sandbox, &db, name, &line);
        println!("{name}: {mebibytes} MiB");
        assert_eq!(run["status"], "failed", "{run}");
        assert_eq!(run["reason_code"], "no_usable_records", "{run}");
        let message = run["message"].as_str().unwrap();
        assert!(message.contains("the rest of the input was not read"), "{message}");
        assert!(message.contains("only the first 10,000 of"), "{message}");
        assert!(message.contains(&format!("by reason: {reason} ")), "{message}");
        let kept = format!(
            "select count(*) || ' ' || string_agg(distinct reason_code, ' ') from forebay.rejected_records \
             where run_id = {}",
            run["run_id"]
        );
        assert_eq!(db.value(&kept), format!("10000 {reason}"), "{name}");
    }
}

#[test]
fn tiny_records_of_files_are_bounded() {
    let (sandbox, db) = (Sandbox::new(), database());
    let folder = sandbox.path();
    // Every record costs a row, so there are fewer of them.
    let count = size() / 100;
    let write = |name: &str, before: &str, record: &dyn Fn(usize) -> String, after: &str| {
        let mut out = BufWriter::new(create(folder, name));
        out.write_all(before.as_bytes()).unwrap();
        for number in 0..count {
            out.write_all(record(number).as_bytes()).unwrap();
        }
        out.write_all(after.as_bytes()).unwrap();
        out.flush().unwrap();
    };
    write("tiny.jsonl", "", &|number| format!("{{\"id\":{number}}}\n"), "");
    write("tiny.json", "[{\"id\":-1}", &|number| format!(",{{\"id\":{number}}}"), "]");
    write("tiny.csv", "id,t\n", &|number| format!("{number},\n"), "");
    let singer = r#"{"type":"RECORD","stream":"s","record":{"id":"#;
    write("tiny.singer", "", &|number| format!("{singer}{number}}}}}\n"), "");
    for name in ["tiny.jsonl", "tiny.json", "tiny.csv", "tiny.singer"] {
        let format = name.split('.').nth(1).unwrap();
        let line = format!("persist {name} --source {format} --key id --format {format} --no-handoff");
        let (run, mebibytes) = run_within(&sandbox, &db, name, &line);
        println!("{name}: {mebibytes} MiB");
        assert_eq!(run["status"], "complete", "{run}");
        assert!(run["num_added"].as_u64().unwrap() >= count as u64, "{run}");
    }
}

#[test]
fn pages_are_bounded() {
    let (sandbox, db) = (Sandbox::new(), database());
    let site = Site::open();
    let page = |before: &str, unit: &str, after: &str| {
        let mut text = Vec::new();
        repeat(&mut text, before, unit, after);
        String::from_utf8(text).unwrap()
    };
    // A larger page of HTML is not parsed.
    let html = |before: &str, unit: &str, after: &str| {
        let mut text = Vec::new();
        repeat_to(&mut text, size().min(16_000_000), before, unit, after);
        String::from_utf8(text).unwrap()
    };
    let event = "BEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000Z\nEND:VEVENT\n";
    for (name, text, settings) in [
        ("objects", page("[{}", ",{}", "]"), "http_json"),
        ("records", page("[{\"id\":1}", ",{\"id\":1}", "]"), "http_json"),
        ("items", page("<rss><channel>", "<item><guid>1</guid></item>", "</channel></rss>"), "feed"),
        ("empty", page("<rss><channel>", "<item/>", "</channel></rss>"), "feed"),
        (
            "json_feed",
            page("{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{}", ",{}", "]}"),
            "feed",
        ),
        ("events", page("BEGIN:VCALENDAR\n", event, "END:VCALENDAR\n"), "ical"),
        ("invalid", page("BEGIN:VCALENDAR\n", "BEGIN:VEVENT\nEND:VEVENT\n", "END:VCALENDAR\n"), "ical"),
        ("linked", html("<html><script type=\"application/ld+json\">[{}", ",{}", "]</script>"), "json_ld"),
        ("tags", html("<html><body>", "<b>", ""), "json_ld"),
        ("list", html("<html><body><ul>", "<li>1", "</ul>"), "json_ld"),
        ("large", page("<html><body><ul>", "<li>1", "</ul>"), "json_ld"),
        ("sitemap", page("<urlset>", "<url><loc>/1</loc></url>", "</urlset>"), "sitemap"),
    ] {
        site.answer(&format!("/{name}"), 200, &text);
        let key = if settings == "ical" { "" } else { "key = \"id\"\n" };
        let url = format!("url = \"{}/{name}\"\n", site.url);
        let fetch =
            "allow_private = true\nrate = \"unlimited\"\nrobots = \"ignore\"\nmax_body = \"128MiB\"\n";
        let table = match settings {
            "sitemap" => format!("[sources.{name}.sitemap]\n{url}[sources.{name}.json_ld]\n"),
            kind => format!("[sources.{name}.{kind}]\n{url}"),
        };
        let text = format!("[sources.{name}]\n{key}[sources.{name}.fetch]\n{fetch}{table}");
        sandbox.configure(&text);
        let (output, peak) = measured(&sandbox, &db, &format!("scrape {name}"));
        println!("{name}: {} MiB, exit {:?}", peak >> 10, output.status.code());
        assert!(peak < LIMIT_KIB, "{name} took {} MiB: {}", peak >> 10, shown(&output));
        // JSON and feeds are readable, whatever their size; all their records have the same key, or none. A smaller
        // page of JSON-LD is readable, but not its block.
        let outcome = match name {
            "records" | "items" => "\"complete\"",
            "objects" | "empty" | "json_feed" | "linked" => "no_usable_records",
            _ => "page_unreadable",
        };
        assert!(shown(&output).contains(outcome), "{name}: {}", shown(&output));
    }
}

/// The configuration of a source that reads a page of the site.
fn source(name: &str, kind: &str, site: &Site) -> String {
    format!(
        "[sources.{name}]\nkey = \"id\"\n[sources.{name}.fetch]\nallow_private = true\nrate = \"unlimited\"\n\
         robots = \"ignore\"\nmax_body = \"128MiB\"\ntimeout = \"5m\"\n\
         [sources.{name}.{kind}]\nurl = \"{}/{name}\"\n",
        site.url
    )
}

/// Numbered units of a document; every unit costs a row.
fn numbered(before: &str, unit: impl Fn(usize) -> String, after: &str, count: usize) -> String {
    let mut text = before.to_owned();
    for number in 0..count {
        text.push_str(&unit(number));
    }
    text + after
}

/// A JSON array of records, of which 2 million make 100 MB.
fn json_records() -> String {
    let unit = |number| {
        format!("{}{{\"id\":{number},\"title\":\"A course of logic\"}}", if number == 0 { "" } else { "," })
    };
    numbered("[", unit, "]", size() / 50)
}

/// A feed, of which 600,000 entries make 100 MB.
fn entries() -> String {
    let unit = |number| {
        format!(
            "<item><guid>{number}</guid><title>A course of logic and sets</title><description>All about it, and more of it, from \
                 the beginning to the end</description><link>/{number}</link></item>"
        )
    };
    numbered("<rss><channel>", unit, "</channel></rss>", size() / 166)
}

#[test]
fn records_of_a_page_are_persisted_while_it_is_read() {
    let (sandbox, db) = (Sandbox::new(), database());
    let site = Site::open();
    for (name, kind, text, count) in
        [("items", "http_json", json_records(), size() / 50), ("entries", "feed", entries(), size() / 166)]
    {
        site.answer(&format!("/{name}"), 200, &text);
        sandbox.configure(&source(name, kind, &site));
        let (run, mebibytes) = run_within(&sandbox, &db, name, &format!("scrape {name} --no-handoff"));
        println!("{name}: {count} records of {} MB, {mebibytes} MiB", text.len() / 1_000_000);
        assert_eq!(
            (&run["status"], run["num_added"].as_u64()),
            (&"complete".into(), Some(count as u64)),
            "{run}"
        );
    }
}

#[test]
fn sources_at_the_same_time_share_the_memory() {
    let (sandbox, db) = (Sandbox::new(), database());
    let site = Site::open();
    let mut tags = Vec::new();
    repeat(&mut tags, "<html><body><ul>", "<li>1", "</ul>");
    let pages = [
        ("items", "http_json", json_records()),
        ("entries", "feed", entries()),
        ("more_items", "http_json", json_records()),
        ("list", "json_ld", String::from_utf8(tags).unwrap()),
    ];
    let mut settings = String::new();
    for (name, kind, text) in &pages {
        site.answer(&format!("/{name}"), 200, text);
        settings.push_str(&source(name, kind, &site));
    }
    sandbox.configure(&settings);
    let (output, peak) = measured(&sandbox, &db, "scrape --jobs 4 --no-handoff");
    println!("four sources: {} MiB", peak >> 10);
    // 64 MiB for each further run.
    let limit = LIMIT_KIB + 3 * (64 << 10);
    assert!(peak < limit, "it took {} MiB: {}", peak >> 10, shown(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let runs = report["runs"].as_array().unwrap();
    assert!(runs.iter().filter(|run| run["status"] == "complete").count() >= 3, "{report}");
}

#[test]
fn further_large_pages_of_a_crawl_take_no_further_memory() {
    let (sandbox, db) = (Sandbox::new(), database());
    let site = Site::open();
    let mut text = Vec::new();
    let unit = "<p class=a>A long paragraph about nothing in particular</p>";
    repeat_to(&mut text, 8_000_000, "<html><body>", unit, "<i id=only>1</i>");
    let text = String::from_utf8(text).unwrap();
    let mut settings = Vec::new();
    // An attempt again needs new pages: known ones are not parsed.
    for (name, num_pages) in [("one", 1), ("many", 6), ("more", 6), ("most", 6)] {
        let urls: Vec<String> =
            (0..num_pages).map(|number| format!("\"{}/{name}/{number}\"", site.url)).collect();
        for number in 0..num_pages {
            site.answer(&format!("/{name}/{number}"), 200, &text);
        }
        write!(
            settings,
            "[sources.{name}]\nkey = \"id\"\n[sources.{name}.fetch]\nallow_private = true\nrate = \"unlimited\"\n\
             concurrency = 16\nrobots = \"ignore\"\ntimeout = \"5m\"\n\
             [sources.{name}.html]\nurl = [{}]\nfields = {{ id = \"#only\" }}\n",
            urls.join(", ")
        )
        .unwrap();
    }
    fs::write(sandbox.path().join("forebay.toml"), settings).unwrap();
    let mebibytes_of = |name: &str| {
        let (run, mebibytes) = run_within(&sandbox, &db, name, &format!("scrape {name}"));
        println!("{name}: {mebibytes} MiB");
        assert_eq!(run["status"], "complete", "{run}");
        mebibytes
    };
    let one = mebibytes_of("one");
    // Room for what is fetched ahead: 512 KiB of each page. The allocator's fragments differ between processes; pages
    // that stay would be too much in each.
    let is_small = ["many", "more", "most"].into_iter().any(|name| mebibytes_of(name) < one + 32);
    assert!(is_small, "one page took {one} MiB, and six of them 32 MiB more each time");
}

#[test]
fn doctor_states_the_bound() {
    let (sandbox, db) = (Sandbox::new(), database());
    let (_, document) = db.json(&sandbox, "doctor");
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["code"] == "memory").unwrap();
    assert_eq!(check["status"], "ok");
    let message = check["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("at most {} MiB for one run", LIMIT_KIB >> 10)), "{message}");
    for part in ["64 MiB for pages", "24 MiB for windows", "16 MiB for blocks", "16 MiB for keys"] {
        assert!(message.contains(part), "{message}");
    }
    let (_, text) = db.text(&sandbox, "doctor --verbose");
    assert!(text.lines().any(|line| line.contains("memory: at most 256 MiB")), "{text}");
}
