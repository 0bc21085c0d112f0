//! The errors that stop a reader. Each has a stable code and a hint.
//!
//! An invalid record is not an error (see [`crate::Rejected`]). After an error, the rest of the input cannot be read.
//! URLs in errors are already redacted.

use std::{borrow::Cow, io};

use forebay_domain::reject::Place;

use crate::fetch::FetchError;

/// Why an input cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `invalid_format`: the format is unknown.
    #[error("there is no format {name:?}")]
    InvalidFormat {
        /// The name that was given.
        name: String,
    },
    /// `unknown_format`: the format can't be detected.
    #[error("cannot detect the format; the content begins with {seen:?}")]
    UnknownFormat {
        /// The first printable characters.
        seen: String,
    },
    /// `not_utf8`: the input is text in another encoding.
    #[error("the input is {encoding}, not UTF-8")]
    NotUtf8 {
        /// The encoding that was recognised.
        encoding: &'static str,
    },
    /// `records_need_json`: a pointer to the records was given for a format without pointers.
    #[error("a pointer to the records has no meaning in {format} input")]
    RecordsNeedJson {
        /// The requested format.
        format: &'static str,
    },
    /// `csv_options_need_csv`: options of CSV were given for another format.
    #[error("the options of CSV have no meaning in {format} input")]
    CsvOptionsNeedCsv {
        /// The requested format.
        format: &'static str,
    },
    /// `invalid_symbol`: a delimiter or comment character is not one character.
    #[error("{given:?} is not one ASCII character other than a quote or a line break")]
    InvalidSymbol {
        /// The text that was given.
        given: String,
    },
    /// `invalid_encoding`: the encoding is unknown.
    #[error("there is no encoding {label:?}")]
    InvalidEncoding {
        /// The label that was given.
        label: String,
    },
    /// `records_not_found`: the pointer to the records refers to nothing.
    #[error("found nothing at {pointer}: {seen}")]
    RecordsNotFound {
        /// The pointer to the records.
        pointer: String,
        /// Where the pointer failed, and what the document contains there.
        seen: String,
    },
    /// `records_not_a_list`: the pointer refers to a value that is neither an array nor an object.
    #[error("{pointer} refers to {found}, not to an array of records or one record")]
    RecordsNotAList {
        /// The pointer to the records.
        pointer: String,
        /// What it refers to.
        found: &'static str,
    },
    /// `invalid_json`: the document is invalid before its first record.
    #[error("invalid JSON at line {}, byte {}: {problem}", place.line, place.offset)]
    InvalidJson {
        /// Where.
        place: Place,
        /// What was expected, and what was found.
        problem: String,
    },
    /// `record_after_end`: the input continues after its end line.
    #[error("line {line} follows the end line, which is line {end_line}")]
    RecordAfterEnd {
        /// The line after it.
        line: u64,
        /// The end line.
        end_line: u64,
    },
    /// `csv_header`: the header row does not name every field once.
    #[error("the CSV header {problem}")]
    CsvHeader {
        /// What is wrong with it, naming the field.
        problem: String,
    },
    /// `gzip_corrupt`: the compressed data is damaged.
    #[error("the gzip data is damaged near compressed byte {position}")]
    GzipCorrupt {
        /// How far the compressed input had been read.
        position: u64,
        /// The error of the decompressor.
        source: io::Error,
    },
    /// `read_failed`: the input cannot be read.
    #[error("reading failed near byte {position}")]
    Read {
        /// How far the input had been read.
        position: u64,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `invalid_selector`: not a CSS selector, or one that is not supported.
    #[error("{selector:?} is not a selector: {problem}")]
    InvalidSelector {
        /// The selector that was given.
        selector: String,
        /// What is wrong and where.
        problem: String,
    },
    /// `invalid_url_template`: not a URL with placeholders.
    #[error("{template} is not a URL with placeholders: {problem}")]
    InvalidUrlTemplate {
        /// The template that was given, unless it may contain a password.
        template: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `url_placeholder`: the scope has no value for a placeholder, or one that is not allowed there.
    #[error("{{{name}}} in {template:?} {problem}")]
    UrlPlaceholder {
        /// The template.
        template: String,
        /// The placeholder.
        name: String,
        /// Why it cannot be filled.
        problem: String,
    },
    /// `invalid_source_setting`: a setting of a source is missing, or contradicts another.
    #[error("{setting} {problem}")]
    InvalidSetting {
        /// The path of the setting under the source.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// `page_unreadable`: a page is not in the expected format, is truncated, or exceeds a limit of its kind.
    #[error("cannot read the page {url}: {problem}")]
    PageUnreadable {
        /// The page.
        url: String,
        /// Why.
        problem: String,
    },
    /// `secret_missing`: the environment variable or file for a value cannot be read.
    #[error("{place} {problem}")]
    SecretMissing {
        /// The variable or file; never the value.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `command_not_started`: a program could not be started.
    #[error("cannot start the program {program:?}: {source}")]
    CommandNotStarted {
        /// The program, without its arguments.
        program: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `command_failed`: a program failed, so its output is incomplete.
    #[error("the program {program:?} ended with {how}{}", if stderr.is_empty() { String::new() } else { format!("; it wrote: {stderr}") })]
    CommandFailed {
        /// The program, without its arguments.
        program: String,
        /// Its exit code or signal.
        how: String,
        /// Its exit code. `None`: a signal ended it.
        exit_code: Option<i32>,
        /// The last lines of its standard error, without secrets.
        stderr: String,
    },
    /// `command_timeout`: a program did not end in time and was killed.
    #[error("the program {program:?} did not end within {seconds} seconds, and was killed")]
    CommandTimeout {
        /// The program, without its arguments.
        program: String,
        /// The timeout in seconds.
        seconds: f64,
    },
    /// `singer_stream`: a tap sends messages that cannot be read as one source.
    #[error("{problem}")]
    SingerStream {
        /// What it sends, in one sentence.
        problem: String,
    },
    /// A page or file could not be fetched. The code is that of the [`FetchError`].
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// `http_next`: the link to the next page cannot be followed.
    #[error("cannot follow the link to the next page in {url}: {problem}")]
    HttpNext {
        /// The page that contains the link.
        url: String,
        /// Why.
        problem: String,
    },
    /// `env_file_unreadable`: a `.env` file cannot be read.
    #[error("cannot read {path}")]
    EnvFileUnreadable {
        /// The file.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `env_file_invalid`: a line of a `.env` file is not an assignment.
    #[error("{path}, line {line}: {problem}")]
    EnvFileInvalid {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, without the text, which may be a secret.
        problem: &'static str,
    },
}

impl Error {
    /// The stable code: lower snake case, never changed.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidFormat { .. } => "invalid_format",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::RecordsNeedJson { .. } => "records_need_json",
            Self::CsvOptionsNeedCsv { .. } => "csv_options_need_csv",
            Self::InvalidSymbol { .. } => "invalid_symbol",
            Self::InvalidEncoding { .. } => "invalid_encoding",
            Self::RecordsNotFound { .. } => "records_not_found",
            Self::RecordsNotAList { .. } => "records_not_a_list",
            Self::InvalidJson { .. } => "invalid_json",
            Self::RecordAfterEnd { .. } => "record_after_end",
            Self::CsvHeader { .. } => "csv_header",
            Self::GzipCorrupt { .. } => "gzip_corrupt",
            Self::Read { .. } => "read_failed",
            Self::InvalidSelector { .. } => "invalid_selector",
            Self::InvalidUrlTemplate { .. } => "invalid_url_template",
            Self::UrlPlaceholder { .. } => "url_placeholder",
            Self::InvalidSetting { .. } => "invalid_source_setting",
            Self::PageUnreadable { .. } => "page_unreadable",
            Self::SecretMissing { .. } => "secret_missing",
            Self::CommandNotStarted { .. } => "command_not_started",
            Self::CommandFailed { .. } => "command_failed",
            Self::CommandTimeout { .. } => "command_timeout",
            Self::SingerStream { .. } => "singer_stream",
            Self::Fetch(error) => error.code(),
            Self::HttpNext { .. } => "http_next",
            Self::EnvFileUnreadable { .. } => "env_file_unreadable",
            Self::EnvFileInvalid { .. } => "env_file_invalid",
        }
    }

    /// Whether the input only ended early: the records before the error are as good as those of a whole input. A
    /// program that exits with 126 or 127 didn't run what it should have run, according to the shell's convention.
    pub const fn ends_input_early(&self) -> bool {
        match self {
            Self::CommandFailed { exit_code, .. } => !matches!(exit_code, Some(126 | 127)),
            Self::CommandTimeout { .. } | Self::Read { .. } | Self::GzipCorrupt { .. } | Self::Fetch(_) => {
                true
            }
            _ => false,
        }
    }

    /// What to do next, in one sentence.
    pub fn hint(&self) -> Cow<'static, str> {
        let hint = match self {
            Self::InvalidFormat { .. } => "use one of auto, json, jsonl, csv, singer",
            Self::UnknownFormat { .. } => "set it with --format json, jsonl or csv",
            Self::NotUtf8 { .. } => "name its encoding, for example with --encoding utf-16le",
            Self::RecordsNeedJson { .. } => "omit --records, or use --format json",
            Self::CsvOptionsNeedCsv { .. } => "omit them, or use --format csv",
            Self::InvalidSymbol { .. } => "give one character such as ; or the word tab",
            Self::InvalidEncoding { .. } => {
                "use a label of the Encoding Standard, such as windows-1252 or shift_jis"
            }
            Self::RecordsNotFound { .. } => "set --records to the pointer to the records",
            Self::RecordsNotAList { .. } => {
                "set --records to the pointer to an array of objects, or to one object"
            }
            Self::InvalidJson { .. } => {
                "check that the file is complete; for one record per line, use --format jsonl"
            }
            Self::RecordAfterEnd { .. } => {
                "write the end line last; persist the outputs of several programs one by one"
            }
            Self::CsvHeader { .. } => {
                "give every column in the first row a unique name, or choose another policy with --header"
            }
            Self::GzipCorrupt { .. } => {
                "fetch or compress the file again; the records before the damage were read"
            }
            Self::Read { .. } => "check that the file or pipe still exists, then run again",
            Self::InvalidSelector { .. } => {
                "write a selector such as li.course > h2 a[href]; docs/guides/sources/html.md lists what is supported"
            }
            Self::InvalidUrlTemplate { .. } => {
                "write an absolute http:// or https:// URL, with {name} for values of the scope"
            }
            Self::UrlPlaceholder { .. } => "set a valid value with --scope name=value",
            Self::InvalidSetting { .. } => "change the source's table in forebay.toml",
            Self::PageUnreadable { .. } => {
                "open the page in a browser; if the site has changed, update the source's settings"
            }
            Self::SecretMissing { .. } => {
                "set the environment variable, or create the file, that the source's settings refer to"
            }
            Self::CommandNotStarted { .. } => {
                "check that the program is installed and in PATH, and that its folder exists"
            }
            Self::CommandFailed { exit_code: Some(126 | 127), .. } => {
                "check that the program, and each program that it starts, is installed, executable and in PATH"
            }
            Self::CommandFailed { .. } => {
                "run the program by hand to see why it fails; the records that it printed before were read"
            }
            Self::CommandTimeout { .. } => "raise the source's timeout, or find out why the program hangs",
            Self::SingerStream { .. } => {
                "select one stream with the setting stream, and turn off batches in the tap"
            }
            Self::Fetch(error) => return error.hint(),
            Self::HttpNext { .. } => {
                "check the setting for the next page; links to another host need allow_hosts"
            }
            Self::EnvFileUnreadable { .. } => {
                "check the path in --env-file, and whether you may read the file"
            }
            Self::EnvFileInvalid { .. } => {
                "write NAME=value on each line, and quote a value that contains spaces, quotes or #"
            }
        };
        hint.into()
    }
}
