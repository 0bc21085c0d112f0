//! Samples of metrics, and their text.
//!
//! The format is version 0.0.4 of the text format of Prometheus:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::catalogue::{self, Metric};

/// The maximum number of names that become values of a label.
const MOST_NAMES: usize = 200;
/// The value of the label for all further names.
const OTHER: &str = "other";

/// A value with its labels.
#[derive(Clone, Debug)]
struct Sample {
    suffix: &'static str,
    labels: Vec<(&'static str, String)>,
    value: f64,
}

/// Samples by the name of their metric.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(BTreeMap<&'static str, Vec<Sample>>);

impl Samples {
    /// Adds a sample with the values of the metric's labels.
    pub(super) fn add(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.add_part(metric, "", labelled(metric, labels), value);
    }

    /// Adds a part of a histogram.
    pub(super) fn add_part(
        &mut self,
        metric: &'static Metric,
        suffix: &'static str,
        labels: Vec<(&'static str, String)>,
        value: f64,
    ) {
        self.0.entry(metric.name).or_default().push(Sample { suffix, labels, value });
    }

    /// Adds to the sample with these labels.
    pub(super) fn add_up(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.combine(metric, labels, value, |sum, value| sum + value);
    }

    /// Keeps the largest sample with these labels.
    pub(super) fn largest(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.combine(metric, labels, value, f64::max);
    }

    fn combine(
        &mut self,
        metric: &'static Metric,
        labels: &[&str],
        value: f64,
        both: impl Fn(f64, f64) -> f64,
    ) {
        let labels = labelled(metric, labels);
        let samples = self.0.entry(metric.name).or_default();
        match samples.iter_mut().find(|sample| sample.labels == labels) {
            Some(sample) => sample.value = both(sample.value, value),
            None => samples.push(Sample { suffix: "", labels, value }),
        }
    }

    /// Adds the samples of other metrics.
    pub(super) fn extend(&mut self, others: &Self) {
        for (name, samples) in &others.0 {
            self.0.entry(name).or_default().extend_from_slice(samples);
        }
    }

    /// The text. Metrics without a sample are described too.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for metric in catalogue::ALL {
            let (name, kind) = (metric.name, metric.kind.as_str());
            // Writing to a text never fails.
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(metric.help, false));
            for Sample { suffix, labels, value } in self.0.get(name).into_iter().flatten() {
                let labels: Vec<String> = labels
                    .iter()
                    .map(|(label, text)| format!("{label}=\"{}\"", escaped(text, true)))
                    .collect();
                let labels =
                    if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
                let _ = writeln!(text, "{name}{suffix}{labels} {value}");
            }
        }
        text
    }
}

fn labelled(metric: &'static Metric, values: &[&str]) -> Vec<(&'static str, String)> {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    metric.labels.iter().copied().zip(values.iter().map(|value| (*value).to_owned())).collect()
}

/// Control characters have no place in a label; a tool that shows it may obey them.
fn escaped(text: &str, with_quotes: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '"' if with_quotes => escaped.push_str("\\\""),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Gives names their own values of a label up to a limit, in their order, so that they stay the same.
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let all: BTreeSet<&str> = names.into_iter().collect();
        Self(all.into_iter().take(MOST_NAMES).map(str::to_owned).collect())
    }

    /// The value for a name.
    pub(super) fn label<'a>(&self, name: &'a str) -> &'a str {
        if self.0.contains(name) { name } else { OTHER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut samples = Samples::default();
        samples.add(&catalogue::BUILD_INFO, &["a\"b\\c\nd\u{1b}"], 1.0);
        let text = samples.text();
        assert!(text.contains("\nforebay_build_info{version=\"a\\\"b\\\\c\\nd\u{fffd}\"} 1\n"), "{text}");
    }

    #[test]
    fn too_many_names_become_one() {
        let all: Vec<String> = (0..MOST_NAMES + 7).map(|number| format!("s{number:05}")).collect();
        let names = Names::of(all.iter().map(String::as_str));
        let mut samples = Samples::default();
        for name in &all {
            samples.add_up(&catalogue::SOURCE_FAILED_RUNS, &[names.label(name)], 1.0);
        }
        let text = samples.text();
        assert_eq!(text.matches("\nforebay_source_failed_runs{").count(), MOST_NAMES + 1);
        assert!(text.contains("\nforebay_source_failed_runs{source=\"other\"} 7\n"), "{text}");
    }
}
