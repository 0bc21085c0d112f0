//! What is wrong with a file of a course, and where.

crate::words! {
    /// How serious a problem is.
    pub enum Severity {
        /// The file cannot be stored or used as it is.
        Error = "error",
        /// The file is stored; somebody should look at it.
        Warning = "warning",
    }

    /// What is wrong. The words are stable, because people filter by them.
    pub enum ProblemCode {
        /// The path leaves the course folder, or no portable file name can have it.
        UnsafePath = "unsafe_path",
        /// Two paths differ only by case or by Unicode form.
        PathCollision = "path_collision",
        /// The file is not valid UTF-8.
        NotUtf8 = "not_utf8",
        /// The file contains U+0000, which Postgres cannot store in text.
        NulCharacter = "nul_character",
        /// The file is larger than the limit.
        TooLarge = "too_large",
        /// The file or folder cannot be read: this user lacks the permission.
        PermissionDenied = "permission_denied",
        /// The YAML cannot be parsed.
        YamlSyntax = "yaml_syntax",
        /// The JSON cannot be parsed.
        JsonSyntax = "json_syntax",
        /// The YAML is nested too deeply, has too many nodes, or uses aliases.
        YamlBounds = "yaml_bounds",
        /// A mapping contains the same key twice.
        DuplicateKey = "duplicate_key",
        /// The front matter is not closed.
        FrontMatterUnclosed = "front_matter_unclosed",
        /// A field has another type than expected.
        WrongType = "wrong_type",
        /// A value is out of range or not one of the known words.
        InvalidValue = "invalid_value",
        /// A required field is absent.
        MissingField = "missing_field",
        /// A required section is absent.
        MissingSection = "missing_section",
        /// A section is empty.
        EmptySection = "empty_section",
        /// A code block is not closed, so it contains the rest of the text.
        UnclosedCode = "unclosed_code",
        /// A placeholder was not filled in.
        Placeholder = "placeholder",
        /// Two lessons have the same id.
        DuplicateId = "duplicate_id",
        /// Two lessons have the same number in their module.
        DuplicateNumber = "duplicate_number",
        /// A number is missing in a sequence.
        NumberGap = "number_gap",
        /// The front matter, the file name and the curriculum give different numbers.
        NumberMismatch = "number_mismatch",
        /// The durations of the parts do not add up to that of the whole.
        DurationMismatch = "duration_mismatch",
        /// A file that the course needs, or that its curriculum names, does not exist.
        MissingFile = "missing_file",
        /// The layout finds no lesson in a folder that has Markdown files.
        NoLessons = "no_lessons",
        /// A lesson exists that the curriculum does not name.
        UnlistedFile = "unlisted_file",
        /// The database has a version of the file that no sync had reported, so a decision does not replace it.
        VersionUnseen = "version_unseen",
        /// The database refuses a row that is made from the file. The file itself is stored.
        RowRefused = "row_refused",
    }
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// How serious it is.
    pub severity: Severity,
    /// The file's path relative to the course folder, with `/` between its parts.
    pub path: String,
    /// The 1-based line; None: the whole file.
    pub line: Option<u32>,
    /// What is wrong, in a sentence without a final period.
    pub message: String,
    /// What to do about it; None: the message says it.
    pub hint: Option<String>,
}

impl Problem {
    /// An error in a file.
    pub fn error(code: ProblemCode, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            path: path.into(),
            line: None,
            message: message.into(),
            hint: None,
        }
    }

    /// A warning about a file.
    pub fn warning(code: ProblemCode, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message) }
    }

    /// The same problem at a 1-based line.
    #[must_use]
    pub fn at(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The file, with the line where one is known: `lessons/1.1-intro.md:4`.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }
}
