//! The figures of the hand-off benchmark and their ratios.

use std::time::Duration;

use super::{
    latency::Latencies,
    subject::{Mode, Sample, Subject},
};
use crate::{
    report::{Measure, Ratio, Report},
    scratch::median,
};

/// The names of a subject's figures.
struct Names {
    subject: Subject,
    enqueue: &'static str,
    drain: &'static str,
    done: &'static str,
}

const NAMES: [Names; 4] = [
    Names {
        subject: Subject::Forebay(Mode::Transactional),
        enqueue: "transactional_enqueue",
        drain: "transactional_drain",
        done: "transactional_done",
    },
    Names {
        subject: Subject::Forebay(Mode::Leased),
        enqueue: "leased_enqueue",
        drain: "leased_drain",
        done: "leased_done",
    },
    Names {
        subject: Subject::GraphileWorker,
        enqueue: "graphile_worker_enqueue",
        drain: "graphile_worker_drain",
        done: "graphile_worker_done",
    },
    Names { subject: Subject::Pgmq, enqueue: "pgmq_enqueue", drain: "pgmq_drain", done: "pgmq_done" },
];

/// A budget: Forebay must reach this share of the peer's rate.
struct Budget {
    done: &'static str,
    drain: &'static str,
    mode: Mode,
    peer: Subject,
    share: f64,
}

const BUDGETS: [Budget; 4] = [
    Budget {
        done: "transactional_done / graphile_worker_done",
        drain: "transactional_drain / graphile_worker_drain",
        mode: Mode::Transactional,
        peer: Subject::GraphileWorker,
        share: 2.0,
    },
    Budget {
        done: "leased_done / graphile_worker_done",
        drain: "leased_drain / graphile_worker_drain",
        mode: Mode::Leased,
        peer: Subject::GraphileWorker,
        share: 1.4,
    },
    Budget {
        done: "transactional_done / pgmq_done",
        drain: "transactional_drain / pgmq_drain",
        mode: Mode::Transactional,
        peer: Subject::Pgmq,
        share: 0.6,
    },
    Budget {
        done: "leased_done / pgmq_done",
        drain: "leased_drain / pgmq_drain",
        mode: Mode::Leased,
        peer: Subject::Pgmq,
        share: 0.6,
    },
];

/// The share of its rate that a drain must keep while another session holds a snapshot.
const HELD_OPEN_BUDGET: f64 = 0.5;
const HELD_OPEN: [(Mode, &str, &str); 2] = [
    (
        Mode::Transactional,
        "transactional_drain_held_open",
        "transactional_drain_held_open / transactional_drain",
    ),
    (Mode::Leased, "leased_drain_held_open", "leased_drain_held_open / leased_drain"),
];

const LATENCIES: [(Subject, &str, &str); 2] = [
    (Subject::Forebay(Mode::Leased), "latency_median", "latency_p99"),
    (Subject::GraphileWorker, "graphile_worker_latency_median", "graphile_worker_latency_p99"),
];

/// The medians of the samples, and their ratios.
pub(super) fn report(
    num_handoffs: u64,
    num_workers: u16,
    samples: &[(Subject, Sample)],
    latencies: &[(Subject, Latencies)],
) -> Report {
    let rate = |subject: Subject, duration: fn(&Sample) -> Duration| {
        let durations: Vec<Duration> =
            samples.iter().filter(|sample| sample.0 == subject).map(|sample| duration(&sample.1)).collect();
        (!durations.is_empty()).then(|| num_handoffs as f64 / median(durations).as_secs_f64())
    };
    let enqueue = |subject| rate(subject, |sample| sample.enqueue);
    let drain = |subject| rate(subject, |sample| sample.drain);
    let done = |subject| rate(subject, |sample| sample.enqueue + sample.drain);

    let mut measures = vec![
        Measure::count("handoffs", num_handoffs, "hand-offs"),
        Measure::count("workers", num_workers.into(), "workers"),
    ];
    for names in &NAMES {
        let figures = [
            (names.enqueue, enqueue(names.subject)),
            (names.drain, drain(names.subject)),
            (names.done, done(names.subject)),
        ];
        for (name, value) in figures {
            measures.extend(value.map(|value| Measure::new(name, value, "hand-offs/s")));
        }
    }
    for (mode, name, _) in HELD_OPEN {
        let value = drain(Subject::ForebayHeldOpen(mode));
        measures.extend(value.map(|value| Measure::new(name, value, "hand-offs/s")));
    }
    for (subject, at_median, at_99) in LATENCIES {
        for (_, waits) in latencies.iter().filter(|of| of.0 == subject) {
            let milliseconds = |share| waits.quantile(share).as_secs_f64() * 1000.0;
            measures.push(Measure::new(at_median, milliseconds(0.5), "ms"));
            measures.push(Measure::new(at_99, milliseconds(0.99), "ms"));
        }
    }

    let mut ratios = Vec::new();
    for budget in &BUDGETS {
        let ours = Subject::Forebay(budget.mode);
        let pairs =
            [(budget.done, done(ours), done(budget.peer)), (budget.drain, drain(ours), drain(budget.peer))];
        for (name, value, peer) in pairs {
            let value = value.zip(peer).map(|(value, peer)| value / peer);
            ratios.extend(value.map(|value| Ratio::at_least(name, value, budget.share)));
        }
    }
    for (mode, _, name) in HELD_OPEN {
        let pair = drain(Subject::ForebayHeldOpen(mode)).zip(drain(Subject::Forebay(mode)));
        ratios.extend(pair.map(|(held, free)| Ratio::at_least(name, held / free, HELD_OPEN_BUDGET)));
    }
    Report::new("handoff", measures, ratios)
}
