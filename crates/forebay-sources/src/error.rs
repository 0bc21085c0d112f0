//! Everything that stops a reader, with a stable code and what to do next.
//!
//! A bad record is not an error (see [`crate::Rejected`]); an error means that nothing after it can be read.
//! URLs are stored here with secrets already taken out.

use std::{borrow::Cow, io};

use forebay_domain::reject::Place;

use crate::fetch::FetchError;

/// Why an input cannot be read (any further).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `invalid_format`: the name of a format that does not exist.
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
    /// `not_utf8`: the input is text of another encoding.
    #[error("the input is {encoding}, not UTF-8")]
    NotUtf8 {
        /// The encoding that was recognised.
        encoding: &'static str,
    },
    /// `invalid_pointer`: not a JSON pointer of RFC 6901.
    #[error("{pointer:?} is not a JSON pointer")]
    InvalidPointer {
        /// The pointer that was given.
        pointer: String,
    },
    /// `records_need_json`: a pointer to the records was given for a format without pointers.
    #[error("a pointer to the records has no meaning in {format} input")]
    RecordsNeedJson {
        /// The format that was asked for.
        format: &'static str,
    },
    /// `records_not_found`: the pointer leads nowhere.
    #[error("nothing is found under {pointer}: {seen}")]
    RecordsNotFound {
        /// The pointer to the records.
        pointer: String,
        /// Where the pointer failed, and what is there instead.
        seen: String,
    },
    /// `records_not_a_list`: what the pointer leads to is neither an array nor an object.
    #[error("{pointer} leads to {found}, not to an array of records or a record")]
    RecordsNotAList {
        /// The pointer to the records.
        pointer: String,
        /// What it leads to.
        found: &'static str,
    },
    /// `invalid_json`: the document is broken before its records begin.
    #[error("invalid JSON at line {}, byte {}: {problem}", place.line, place.offset)]
    InvalidJson {
        /// Where.
        place: Place,
        /// What was found, and what should have been.
        problem: String,
    },
    /// `csv_header`: the header row does not name the fields.
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
        /// What the decompressor said.
        source: io::Error,
    },
    /// `read_failed`: the input cannot be read.
    #[error("reading failed near byte {position}")]
    Read {
        /// How far the input had been read.
        position: u64,
        /// What the system said.
        source: io::Error,
    },
    /// `invalid_selector`: not a CSS selector, or one beyond what is supported.
    #[error("{selector:?} is not a selector: {problem}")]
    InvalidSelector {
        /// The selector that was given.
        selector: String,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// `invalid_url_template`: not a URL with placeholders.
    #[error("{template} is not a URL with placeholders: {problem}")]
    InvalidUrlTemplate {
        /// The template that was given; one that may hold a password is left out.
        template: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `url_placeholder`: a placeholder that the scope does not fill, or with something that no URL may hold there.
    #[error("{{{name}}} in {template:?} {problem}")]
    UrlPlaceholder {
        /// The template.
        template: String,
        /// The placeholder.
        name: String,
        /// Why it cannot be filled.
        problem: String,
    },
    /// `invalid_source_setting`: settings of a source that do not go together.
    #[error("{setting} {problem}")]
    InvalidSetting {
        /// The setting, as its path under the source.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// `page_unreadable`: a page that is not what its source says it is, or not whole, or beyond the limits of its kind.
    #[error("the page {url} cannot be read: {problem}")]
    PageUnreadable {
        /// The page.
        url: String,
        /// Why.
        problem: String,
    },
    /// `secret_missing`: a value that the settings name a place for is not there.
    #[error("{place} {problem}")]
    SecretMissing {
        /// The variable or file; never the value.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `command_not_started`: a program could not be started.
    #[error("the program {program:?} cannot be started: {source}")]
    CommandNotStarted {
        /// The program, without its arguments.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// `command_failed`: a program failed, so its output is incomplete.
    #[error("the program {program:?} ended with {how}{}", if stderr.is_empty() { String::new() } else { format!("; it wrote: {stderr}") })]
    CommandFailed {
        /// The program, without its arguments.
        program: String,
        /// Its exit code or signal.
        how: String,
        /// The last lines of its standard error, without secrets.
        stderr: String,
    },
    /// `command_timeout`: a program did not end in time and was killed.
    #[error("the program {program:?} did not end within {seconds} seconds and was killed")]
    CommandTimeout {
        /// The program, without its arguments.
        program: String,
        /// The time that it had.
        seconds: f64,
    },
    /// `singer_stream`: a tap sends what cannot be read as one source.
    #[error("{problem}")]
    SingerStream {
        /// What it sends.
        problem: String,
    },
    /// A page or file was not fetched; the code is that of [`FetchError`].
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// `redirected_away`: a redirect led to a host that the source does not allow.
    #[error("{url} redirects to {to}, which allow_hosts does not name")]
    RedirectedAway {
        /// The page that was asked for.
        url: String,
        /// Where it leads: scheme, host and port.
        to: String,
    },
    /// `http_next`: the link to the next page cannot be followed.
    #[error("the link to the next page in {url} cannot be followed: {problem}")]
    HttpNext {
        /// The page that holds the link.
        url: String,
        /// Why.
        problem: String,
    },
}

impl Error {
    /// The stable code: lower snake case, never changed.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidFormat { .. } => "invalid_format",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::InvalidPointer { .. } => "invalid_pointer",
            Self::RecordsNeedJson { .. } => "records_need_json",
            Self::RecordsNotFound { .. } => "records_not_found",
            Self::RecordsNotAList { .. } => "records_not_a_list",
            Self::InvalidJson { .. } => "invalid_json",
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
            Self::RedirectedAway { .. } => "redirected_away",
            Self::HttpNext { .. } => "http_next",
        }
    }

    /// What to do next, in one sentence.
    pub fn hint(&self) -> Cow<'static, str> {
        let hint = match self {
            Self::InvalidFormat { .. } => "use one of auto, json, jsonl, csv, singer",
            Self::UnknownFormat { .. } => "set it with --format json, jsonl or csv",
            Self::NotUtf8 { .. } => "convert the file to UTF-8 first, for example with iconv",
            Self::InvalidPointer { .. } => {
                "a pointer is empty or begins with a slash, like /data/items; ~ is written ~0 and / is written ~1"
            }
            Self::RecordsNeedJson { .. } => "leave out --records, or use --format json",
            Self::RecordsNotFound { .. } => "point --records at the member that holds the records",
            Self::RecordsNotAList { .. } => "point --records at an array of objects, or at one object",
            Self::InvalidJson { .. } => {
                "check that the file was written whole; use --format jsonl for one record a line"
            }
            Self::CsvHeader { .. } => "give every column of the first row a name of its own",
            Self::GzipCorrupt { .. } => {
                "fetch or compress the file again; what was read before the damage is good"
            }
            Self::Read { .. } => "check that the file or pipe is still there, and run again",
            Self::InvalidSelector { .. } => {
                "write it like li.course > h2 a[href]; docs/guides/sources/html.md lists what is supported"
            }
            Self::InvalidUrlTemplate { .. } => {
                "write an absolute http:// or https:// URL, with {name} for what the scope gives"
            }
            Self::UrlPlaceholder { .. } => "give the scope a fitting value with --scope name=value",
            Self::InvalidSetting { .. } => "change the source's table in forebay.toml",
            Self::PageUnreadable { .. } => {
                "open the page to see what it is; if the site has changed, change the source's settings"
            }
            Self::SecretMissing { .. } => {
                "set the environment variable, or write the file, that the source's settings name"
            }
            Self::CommandNotStarted { .. } => {
                "check that the program is installed and in PATH, and that its folder is there"
            }
            Self::CommandFailed { .. } => {
                "run the program by hand to see why it fails; what it printed before is good"
            }
            Self::CommandTimeout { .. } => {
                "raise the source's timeout, or find out what the program waits for"
            }
            Self::SingerStream { .. } => {
                "name one stream with the setting stream, and turn batches off in the tap"
            }
            Self::Fetch(error) => return error.hint(),
            Self::RedirectedAway { .. } => {
                "change the URL to where it leads, or add that host to allow_hosts of the source"
            }
            Self::HttpNext { .. } => {
                "check the pointer to the next link; links to another host are not followed"
            }
        };
        hint.into()
    }
}
