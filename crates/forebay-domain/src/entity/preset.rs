//! Ready-made declarations of common entity types.

use std::collections::BTreeMap;

use super::{Field, FieldType, ScalarType};

crate::words! {
    /// A ready-made declaration.
    pub enum Preset {
        /// An event, with the venue where it takes place.
        Event = "event",
        /// A venue.
        Venue = "venue",
        /// A course of a catalogue.
        Course = "course",
        /// A section of a course in a semester.
        Section = "section",
        /// A professor.
        Professor = "professor",
        /// A review of a professor or a course.
        Review = "review",
        /// A standard of a curriculum.
        Standard = "standard",
    }
}

/// One field: name, type, and its marks: `!` required, `?` with an index, another word the entity type it refers to.
type Row = (&'static str, ScalarType, &'static [&'static str]);

impl Preset {
    /// Its fields by name. A reference to an entity type that is not among `declared` is left out; the field stays.
    pub fn fields<'a>(self, mut declared: impl FnMut(&str) -> bool + 'a) -> BTreeMap<String, Field> {
        let fields = self.rows().iter().map(|(name, scalar, marks)| {
            let (name, is_list) = match name.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (*name, false),
            };
            let target = marks.iter().find(|mark| !matches!(**mark, "!" | "?"));
            let field = Field {
                required: marks.contains(&"!"),
                filter: marks.contains(&"?"),
                references: target.filter(|target| declared(target)).map(|target| (*target).to_owned()),
                ..Field::new(name, FieldType { scalar: *scalar, is_list })
            };
            (name.to_owned(), field)
        });
        fields.collect()
    }

    const fn rows(self) -> &'static [Row] {
        use ScalarType::{Boolean, Integer, Number, Text, Timestamp, Url};
        match self {
            Self::Event => &[
                ("title", Text, &["!"]),
                ("starts_at", Timestamp, &["!", "?"]),
                ("ends_at", Timestamp, &[]),
                ("venue", Text, &["?", "venue"]),
                ("category", Text, &["?"]),
                ("status", Text, &[]),
                ("description", Text, &[]),
                ("price", Number, &[]),
                ("tags[]", Text, &[]),
                ("url", Url, &[]),
            ],
            Self::Venue => &[
                ("name", Text, &["!"]),
                ("address", Text, &[]),
                ("city", Text, &["?"]),
                ("country", Text, &[]),
                ("latitude", Number, &[]),
                ("longitude", Number, &[]),
                ("capacity", Integer, &[]),
                ("url", Url, &[]),
            ],
            Self::Course => &[
                ("code", Text, &["!", "?"]),
                ("title", Text, &["!"]),
                ("department", Text, &["?"]),
                ("credits", Number, &[]),
                ("description", Text, &[]),
                ("url", Url, &[]),
            ],
            Self::Section => &[
                ("course", Text, &["!", "?", "course"]),
                ("semester", Text, &["?"]),
                ("number", Text, &[]),
                ("professor", Text, &["?", "professor"]),
                ("days[]", Text, &[]),
                ("room", Text, &[]),
                ("capacity", Integer, &[]),
                ("enrolled", Integer, &[]),
                ("is_open", Boolean, &[]),
            ],
            Self::Professor => &[
                ("name", Text, &["!"]),
                ("department", Text, &["?"]),
                ("title", Text, &[]),
                ("email", Text, &[]),
                ("rating", Number, &[]),
                ("url", Url, &[]),
            ],
            Self::Review => &[
                ("professor", Text, &["?", "professor"]),
                ("course", Text, &["?", "course"]),
                ("rating", Number, &["!"]),
                ("difficulty", Number, &[]),
                ("comment", Text, &[]),
                ("would_take_again", Boolean, &[]),
                ("reviewed_at", Timestamp, &["?"]),
            ],
            Self::Standard => &[
                ("code", Text, &["!", "?"]),
                ("statement", Text, &["!"]),
                ("subject", Text, &["?"]),
                ("grades[]", Text, &[]),
                ("framework", Text, &[]),
                ("parent", Text, &["standard"]),
                ("url", Url, &[]),
            ],
        }
    }
}
