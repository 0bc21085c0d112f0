//! The words of generated courses in columns, configuration and output.

crate::words! {
    /// Whether people may see a piece of content.
    pub enum ContentStatus {
        /// Being written.
        Draft = "draft",
        /// In use.
        Published = "published",
        /// No longer in use, kept for its history.
        Archived = "archived",
    }

    /// What kind of knowledge a course teaches.
    pub enum CourseType {
        /// How to do something.
        Technical = "technical",
        /// How to think about something.
        Conceptual = "conceptual",
        /// Both.
        Mixed = "mixed",
    }

    /// The result of a lesson's validation.
    pub enum ValidationStatus {
        /// Not validated since the last change.
        Pending = "pending",
        /// Both scores reach their threshold.
        Passed = "passed",
        /// Stored, but somebody should look at it.
        Warning = "warning",
        /// Too much is absent for a lesson.
        Failed = "failed",
    }

    /// Whether courses are also written to the database.
    pub enum PersistMode {
        /// Only files are written; no connection is opened.
        Off = "off",
        /// Both are written; differences are reported, and errors are only counted.
        Shadow = "shadow",
        /// Both are written; the files first.
        On = "on",
    }

    /// A report of the market research of a course.
    pub enum ResearchKind {
        /// Who would buy the course.
        MarketAnalysis = "market_analysis",
        /// What other courses leave out.
        ContentGaps = "content_gaps",
        /// How this course is different.
        Differentiation = "differentiation",
        /// Where the claims come from.
        Sources = "sources",
    }
}

impl PersistMode {
    /// The mode that a feature flag of an environment variable means. `None`: it is neither `true` nor `false`.
    pub fn from_flag(flag: &str) -> Option<Self> {
        match flag {
            "true" => Some(Self::On),
            "false" => Some(Self::Off),
            _ => None,
        }
    }
}
