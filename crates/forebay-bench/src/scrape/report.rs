//! The figures of the scrape benchmark and their ratios.

use std::time::Duration;

use super::sample::Sample;
use crate::{
    report::{Measure, Ratio, Report},
    scratch::median,
};

/// Pages per second of processor time, divided by Scrapy's.
const BUDGET: f64 = 5.0;

/// What was measured, one sample for each round.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) num_records: u64,
    /// Crawls into a file.
    pub(super) crawls: Vec<Sample>,
    /// Processor time of the site's process for them.
    pub(super) serving: Vec<Duration>,
    /// Crawls of the peer.
    pub(super) scrapy: Vec<Sample>,
    /// Scrapes into the database.
    pub(super) scrapes: Vec<Sample>,
    /// Processor time of the server's processes for them.
    pub(super) storing: Vec<Duration>,
    /// Scrapes of the unchanged site.
    pub(super) replays: Vec<Sample>,
}

/// Some of the samples.
type Chosen = fn(&Figures) -> &[Sample];

/// The names of figures, by the clock and by the processor.
const NAMES: [(&str, &str, Chosen); 4] = [
    ("fetch_extract", "fetch_extract_cpu", |figures| &figures.crawls),
    ("scrapy", "scrapy_cpu", |figures| &figures.scrapy),
    ("scrape", "scrape_cpu", |figures| &figures.scrapes),
    ("replay", "replay_cpu", |figures| &figures.replays),
];

/// The medians of the samples, and their ratios.
pub(super) fn report(num_pages: u64, figures: &Figures) -> Report {
    let pages = num_pages as f64;
    let rate = |duration: Duration| pages / duration.as_secs_f64();
    let elapsed = |samples: &[Sample]| {
        (!samples.is_empty()).then(|| rate(median(samples.iter().map(|sample| sample.elapsed).collect())))
    };
    let cpu = |samples: &[Sample]| {
        let durations: Vec<Duration> = samples.iter().filter_map(|sample| sample.cpu).collect();
        // A site of a few pages takes less than the resolution of the clock.
        Some(median(durations)).filter(|duration| !duration.is_zero()).map(rate)
    };
    let micros_a_page = |durations: &[Duration]| {
        (!durations.is_empty()).then(|| median(durations.to_vec()).as_secs_f64() * 1e6 / pages)
    };

    let mut measures = vec![
        Measure::count("pages", num_pages, "pages"),
        Measure::count("records", figures.num_records, "records"),
    ];
    for (on_the_clock, on_the_processor, samples) in NAMES {
        let samples = samples(figures);
        measures.extend(elapsed(samples).map(|value| Measure::new(on_the_clock, value, "pages/s")));
        measures.extend(cpu(samples).map(|value| Measure::new(on_the_processor, value, "pages/CPU s")));
    }
    // With other values the benchmark has failed before.
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
    Report::new("scrape", measures, ratios)
}
