//! The figures of scraping and their ratios.

use std::time::Duration;

use super::{Args, Sample, scrapy::Scrapy};
use crate::commands::bench::{
    machine, median,
    report::{BenchReport, Measure, Peer, PeerReport, Ratio},
};

/// Pages for each second on a processor, to Scrapy's.
const BUDGET: f64 = 5.0;

/// What was measured, a sample a round.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) num_records: u64,
    /// Into a file.
    pub(super) crawls: Vec<Sample>,
    /// What the site's process took for them.
    pub(super) serving: Vec<Duration>,
    /// The peer's.
    pub(super) scrapy: Vec<Sample>,
    /// Into the database.
    pub(super) scrapes: Vec<Sample>,
    /// What the server's processes took for them.
    pub(super) storing: Vec<Duration>,
    /// Of the site as it was.
    pub(super) replays: Vec<Sample>,
}

/// Some of the samples.
type Chosen = fn(&Figures) -> &[Sample];

/// What figures are called, on the clock and on the processor.
const NAMES: [(&str, &str, Chosen); 4] = [
    ("fetch_extract", "fetch_extract_cpu", |figures| &figures.crawls),
    ("scrapy", "scrapy_cpu", |figures| &figures.scrapy),
    ("scrape", "scrape_cpu", |figures| &figures.scrapes),
    ("replay", "replay_cpu", |figures| &figures.replays),
];

/// Medians of the samples, and what they are to each other.
pub(super) fn report(args: &Args, figures: &Figures, scrapy: Option<Scrapy>) -> PeerReport {
    let pages = args.pages as f64;
    let rate = |duration: Duration| pages / duration.as_secs_f64();
    let elapsed = |samples: &[Sample]| {
        (!samples.is_empty()).then(|| rate(median(samples.iter().map(|sample| sample.elapsed).collect())))
    };
    let cpu = |samples: &[Sample]| {
        let durations: Vec<Duration> = samples.iter().filter_map(|sample| sample.cpu).collect();
        // A site of a few pages takes less than the clock can tell.
        Some(median(durations)).filter(|duration| !duration.is_zero()).map(rate)
    };
    let micros_a_page = |durations: &[Duration]| {
        (!durations.is_empty()).then(|| median(durations.to_vec()).as_secs_f64() * 1e6 / pages)
    };

    let mut measures = vec![
        Measure::new("pages", pages, "pages"),
        Measure::new("records", figures.num_records as f64, "records"),
    ];
    for (on_the_clock, on_the_processor, samples) in NAMES {
        let samples = samples(figures);
        measures.extend(elapsed(samples).map(|value| Measure::new(on_the_clock, value, "pages/s")));
        measures.extend(cpu(samples).map(|value| Measure::new(on_the_processor, value, "pages/CPU s")));
    }
    // A replay that was anything else would have failed.
    measures.push(Measure::new("num_not_modified", pages, "pages"));
    measures.push(Measure::new("rows_written", 0.0, "rows"));
    let others = [("site_cpu", &figures.serving), ("postgres_cpu", &figures.storing)];
    for (name, durations) in others {
        measures.extend(micros_a_page(durations).map(|value| Measure::new(name, value, "µs/page")));
    }

    let mut ratios = Vec::new();
    let theirs = cpu(&figures.scrapy);
    let against = [
        ("fetch_extract_cpu / scrapy_cpu", cpu(&figures.crawls)),
        ("scrape_cpu / scrapy_cpu", cpu(&figures.scrapes)),
    ];
    for (name, ours) in against {
        let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        ratios.extend(ratio.map(|value| Ratio::at_least(name, value, BUDGET)));
    }
    PeerReport {
        bench: BenchReport { bench: "scrape", machine: machine(), measures, ratios },
        peers: vec![Peer { name: "scrapy", version: scrapy.map(|scrapy| scrapy.version) }],
    }
}
