//! Made-up sources over 100 days, and bad days to put in. The engine's tests include this file to persist the same
//! histories, so it imports nothing from this crate.

use std::collections::{BTreeMap, VecDeque};

/// The fields of a record with their values, without its key.
pub(super) type Record = BTreeMap<&'static str, String>;

/// The records of a source by key.
pub(super) type Snapshot = BTreeMap<String, Record>;

const NUM_DAYS: usize = 100;

/// The first bad day; a few runs are known by then.
const FIRST_BAD_DAY: usize = 8;

/// A small generator of numbers (xorshift), so a seed names a history.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from `low` to `high`, both included.
    fn roll(&mut self, low: usize, high: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + usize::try_from(self.0 >> 33).unwrap() % (high - low + 1)
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.roll(1, number) == 1
    }
}

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Hundreds of records with a few edits, additions and removals a day.
    Catalogue,
    /// The newest 30; up to the given number are new each day.
    Newest { max_new: usize },
    /// 1 to 15 open incidents, some of which end each day.
    Incidents,
    /// Places, of which 3 in 10 have coordinates.
    Places { num: usize },
    /// 578 entries; on some days a few get other keys.
    Registry,
}

impl Source {
    /// What the source shows on each day.
    fn days(self, dice: &mut Dice) -> Vec<Snapshot> {
        let mut maker = Maker { number: 0 };
        let mut days: Vec<Snapshot> = Vec::with_capacity(NUM_DAYS);
        let mut list = maker.make_many(self, self.num_at_first(dice), dice);
        for _ in 0..NUM_DAYS {
            match self {
                Self::Catalogue => {
                    edit(&mut list, 3, dice);
                    drop_some(&mut list, dice.roll(0, 3), dice);
                    list.extend(maker.make_many(self, dice.roll(0, 4), dice));
                }
                Self::Newest { max_new } => {
                    list.extend(maker.make_many(self, dice.roll(0, max_new), dice));
                    list.drain(..list.len() - 30);
                }
                Self::Incidents => {
                    let num_ended = list.iter().filter(|_| dice.one_in(3)).count();
                    drop_some(&mut list, num_ended, dice);
                    let (low, high) = (usize::from(list.is_empty()), (15 - list.len()).min(5));
                    list.extend(maker.make_many(self, dice.roll(low, high), dice));
                    edit(&mut list, 2, dice);
                }
                Self::Places { num } => {
                    edit(&mut list, 2, dice);
                    let num_closed = dice.roll(0, 1 + num / 30);
                    for _ in 0..num_closed {
                        let position = dice.roll(0, num - 1);
                        let (_, closed) = &list[position];
                        list[position] = maker.make(self, closed.contains_key("coordinates"), dice);
                    }
                }
                Self::Registry => {
                    edit(&mut list, 3, dice);
                    list.extend(maker.make_many(self, dice.roll(0, 2), dice));
                    let num_renamed = if dice.one_in(4) { dice.roll(1, 5) } else { 0 };
                    for _ in 0..num_renamed {
                        let position = dice.roll(0, list.len() - 1);
                        list[position].0 = maker.key();
                    }
                }
            }
            days.push(list.iter().cloned().collect());
        }
        days
    }

    fn num_at_first(self, dice: &mut Dice) -> usize {
        match self {
            Self::Catalogue => dice.roll(60, 400),
            Self::Newest { .. } => 30,
            Self::Incidents => dice.roll(1, 15),
            Self::Places { num } => num,
            Self::Registry => 578,
        }
    }
}

type List = VecDeque<(String, Record)>;

/// Makes records with keys and contents of their own.
struct Maker {
    number: usize,
}

impl Maker {
    fn key(&mut self) -> String {
        self.number += 1;
        // Not in the order of creation, as most keys.
        format!("{:05}", self.number * 7919 % 100_003)
    }

    fn make_many(&mut self, source: Source, num: usize, dice: &mut Dice) -> List {
        (0..num).map(|number| self.make(source, number % 10 < 3, dice)).collect()
    }

    fn make(&mut self, source: Source, is_located: bool, dice: &mut Dice) -> (String, Record) {
        let key = self.key();
        let mut record: Record = [
            ("title", format!("Title {}", dice.roll(0, 1 << 30))),
            ("text", format!("Text {}", dice.roll(0, 1 << 30))),
        ]
        .into();
        if source == Source::Incidents && dice.one_in(2) {
            record.insert("until", format!("{} o'clock", dice.roll(0, 23)));
        }
        if matches!(source, Source::Places { .. }) && is_located {
            record.insert("coordinates", format!("{} {}", dice.roll(0, 90), dice.roll(0, 180)));
        }
        (key, record)
    }
}

/// Edits up to `max` records. The optional field of an incident comes and goes.
fn edit(list: &mut List, max: usize, dice: &mut Dice) {
    for _ in 0..dice.roll(0, max) {
        let position = dice.roll(0, list.len() - 1);
        let record = &mut list[position].1;
        record.insert("text", format!("Text {}", dice.roll(0, 1 << 30)));
        if dice.one_in(3) {
            record.remove("until");
        }
    }
}

fn drop_some(list: &mut List, num: usize, dice: &mut Dice) {
    for _ in 0..num {
        list.remove(dice.roll(0, list.len() - 1));
    }
}

/// How a scrape goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadDay {
    Empty,
    /// The run stops at 60 % of the list.
    Cut,
    LostField,
    /// One record, made from an error page.
    ErrorPage,
    /// Every key gets a prefix.
    Rekey,
}

pub(super) const BAD_DAYS: [BadDay; 5] =
    [BadDay::Empty, BadDay::Cut, BadDay::LostField, BadDay::ErrorPage, BadDay::Rekey];

impl BadDay {
    /// What the scrape of a good day becomes.
    pub(super) fn spoil(self, good: &Snapshot) -> Snapshot {
        let field = if good.values().any(|record| record.contains_key("coordinates")) {
            "coordinates"
        } else {
            "title"
        };
        match self {
            Self::Empty => Snapshot::new(),
            Self::Cut => good.iter().take(good.len() * 6 / 10).map(|(k, v)| (k.clone(), v.clone())).collect(),
            Self::LostField => {
                let without = |mut record: Record| {
                    record.remove(field);
                    record
                };
                good.iter().map(|(key, record)| (key.clone(), without(record.clone()))).collect()
            }
            Self::ErrorPage => {
                let page: Record = [("title", "503 Service Unavailable".to_owned())].into();
                [("error".to_owned(), page)].into()
            }
            Self::Rekey => good.iter().map(|(key, record)| (format!("x:{key}"), record.clone())).collect(),
        }
    }
}

/// A history with the days on which each of [`BAD_DAYS`] happens.
pub(super) fn history(source: Source, seed: u64) -> (Vec<Snapshot>, Vec<usize>) {
    let mut dice = Dice::new(seed);
    let days = source.days(&mut dice);
    let mut bad: Vec<usize> =
        (0..BAD_DAYS.len()).map(|number| FIRST_BAD_DAY + number * 18 + dice.roll(0, 10)).collect();
    bad.rotate_left(dice.roll(0, BAD_DAYS.len() - 1));
    (days, bad)
}

/// Whether a bad day differs from a good one. When several incidents end each day, a list that stops early looks like
/// any other, and so does a list of few incidents: only the producer can tell that it did not finish.
pub(super) fn is_bad(source: Source, bad_day: BadDay, stored: &Snapshot, good: &Snapshot) -> bool {
    let num_known = good.keys().filter(|key| stored.contains_key(*key)).count();
    let is_small = num_known < 6 || num_known * 2 < stored.len();
    source != Source::Incidents || (bad_day != BadDay::Cut && !is_small)
}
