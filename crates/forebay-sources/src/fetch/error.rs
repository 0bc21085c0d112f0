//! Why something was not fetched: a stable code, the class that decides about trying again, what to do next.
//!
//! URLs are stored here with secrets already taken out, and nothing that a server says is repeated but its status.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use forebay_domain::handoff::FailureClass;

/// Why a URL was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// `url_refused`: not a URL that is ever fetched.
    #[error("{url} is not fetched: {problem}")]
    UrlRefused {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `address_refused`: the host is, or leads to, an address that is not public.
    #[error("{}", super::address::not_public(host, *address))]
    AddressRefused {
        /// The host as the URL names it.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// `robots_disallowed`: robots.txt forbids it.
    #[error("robots.txt disallows {url}")]
    RobotsDisallowed {
        /// The URL.
        url: String,
    },
    /// `robots_unreachable`: robots.txt cannot be had, so everything counts as forbidden (RFC 9309, 2.3.1.4).
    #[error("robots.txt of {origin} cannot be read: {problem}")]
    RobotsUnreachable {
        /// Scheme, host and port.
        origin: String,
        /// The code of the error, or the status.
        problem: String,
    },
    /// `host_not_found`: the name has no address.
    #[error("the host of {url} is not found")]
    HostNotFound {
        /// The URL.
        url: String,
    },
    /// `connect_failed`: no connection, or TLS cannot be agreed upon.
    #[error("no connection to the host of {url}")]
    ConnectFailed {
        /// The URL.
        url: String,
        /// What the client said.
        source: reqwest::Error,
    },
    /// `timeout`: no whole answer in time.
    #[error("{url} was not answered in time")]
    Timeout {
        /// The URL.
        url: String,
    },
    /// `http_failed`: the answer is not HTTP, or the connection was lost before it began.
    #[error("GET {url} failed")]
    HttpFailed {
        /// The URL.
        url: String,
        /// What the client said.
        source: reqwest::Error,
    },
    /// `http_status`: an answer that is neither a page nor a redirect.
    #[error("GET {url} answered with status {status}")]
    HttpStatus {
        /// The URL.
        url: String,
        /// The status of the response.
        status: u16,
    },
    /// `throttled`: the host asks to come back later.
    #[error("the host of {url} asks to come back later{}", after(*retry_after))]
    Throttled {
        /// The URL.
        url: String,
        /// The time that the host gave, if it gave one.
        retry_after: Option<Duration>,
    },
    /// `redirect_invalid`: a redirect that leads nowhere.
    #[error("{url} redirects to nothing that can be fetched")]
    RedirectInvalid {
        /// The URL.
        url: String,
    },
    /// `too_many_redirects`: more redirects than the limit, or round in a circle.
    #[error("{url} leads through more than {limit} redirects")]
    TooManyRedirects {
        /// The URL that was asked for.
        url: String,
        /// The limit.
        limit: u8,
    },
    /// `body_too_large`: more bytes than the limit.
    #[error("{url} has more than {limit} bytes")]
    BodyTooLarge {
        /// The URL.
        url: String,
        /// The limit in bytes, after decompression.
        limit: u64,
    },
    /// `body_truncated`: the body broke off.
    #[error("the body of {url} broke off")]
    BodyTruncated {
        /// The URL.
        url: String,
    },
    /// `body_corrupt`: the compressed body is damaged.
    #[error("the {encoding} data of {url} is damaged")]
    BodyCorrupt {
        /// The URL.
        url: String,
        /// The compression.
        encoding: &'static str,
    },
    /// `decompression_bomb`: the body grows out of all proportion.
    #[error("{url} is compressed more than {ratio} times, as only attacks are")]
    DecompressionBomb {
        /// The URL.
        url: String,
        /// The limit.
        ratio: u64,
    },
    /// `encoding_unknown`: a compression that was not asked for, or one on top of another.
    #[error("{url} came in an encoding that was not asked for, or in several")]
    EncodingUnknown {
        /// The URL.
        url: String,
    },
    /// `secret_missing`: the value of a header cannot be had.
    #[error("the value of the header {header} cannot be read from {place}")]
    SecretMissing {
        /// The name of the header.
        header: String,
        /// The environment variable or file.
        place: String,
    },
    /// `client_failed`: no HTTP client can be set up on this machine.
    #[error("no HTTP client can be set up: {problem}")]
    ClientFailed {
        /// What is missing.
        problem: String,
    },
    /// `warc_failed`: the archive cannot be read or written.
    #[error("the archive {} cannot be used", path.display())]
    WarcFailed {
        /// The archive.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `warc_corrupt`: the archive is damaged, or none.
    #[error("{} is no WARC archive from byte {offset} on: {problem}", path.display())]
    WarcCorrupt {
        /// The archive.
        path: PathBuf,
        /// Where the record begins, in bytes of the file.
        offset: u64,
        /// What was found.
        problem: &'static str,
    },
    /// `not_in_warc`: the archive that is replayed does not hold the page.
    #[error("{url} is not in the archive")]
    NotInWarc {
        /// The URL.
        url: String,
    },
}

impl FetchError {
    /// The stable code: lower snake case, never changed.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UrlRefused { .. } => "url_refused",
            Self::AddressRefused { .. } => "address_refused",
            Self::RobotsDisallowed { .. } => "robots_disallowed",
            Self::RobotsUnreachable { .. } => "robots_unreachable",
            Self::HostNotFound { .. } => "host_not_found",
            Self::ConnectFailed { .. } => "connect_failed",
            Self::Timeout { .. } => "timeout",
            Self::HttpFailed { .. } => "http_failed",
            Self::HttpStatus { .. } => "http_status",
            Self::Throttled { .. } => "throttled",
            Self::RedirectInvalid { .. } => "redirect_invalid",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyTruncated { .. } => "body_truncated",
            Self::BodyCorrupt { .. } => "body_corrupt",
            Self::DecompressionBomb { .. } => "decompression_bomb",
            Self::EncodingUnknown { .. } => "encoding_unknown",
            Self::SecretMissing { .. } => "secret_missing",
            Self::ClientFailed { .. } => "client_failed",
            Self::WarcFailed { .. } => "warc_failed",
            Self::WarcCorrupt { .. } => "warc_corrupt",
            Self::NotInWarc { .. } => "not_in_warc",
        }
    }

    /// Whether trying again can help.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::RobotsUnreachable { .. }
            | Self::HostNotFound { .. }
            | Self::ConnectFailed { .. }
            | Self::Timeout { .. }
            | Self::HttpFailed { .. }
            | Self::BodyTruncated { .. } => FailureClass::Transient,
            Self::Throttled { .. } => FailureClass::Throttled,
            Self::HttpStatus { status, .. } => status_class(*status),
            _ => FailureClass::Permanent,
        }
    }

    /// The time that the host asked to wait, if it did.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What to do next, in one sentence.
    pub fn hint(&self) -> Cow<'static, str> {
        let hint = match self {
            Self::AddressRefused { host, .. } => {
                let host = host.trim_matches(['[', ']']);
                return format!(
                    "if it is yours, write into [sources.NAME.fetch] of the source: allow_private = [{host:?}]"
                )
                .into();
            }
            Self::UrlRefused { .. } => {
                "use an absolute http:// or https:// URL without user and password; send secrets as headers"
            }
            Self::RobotsDisallowed { .. } => {
                "ask the owner of the site; with their leave set robots = \"ignore\" for the source"
            }
            Self::RobotsUnreachable { .. } | Self::HttpStatus { .. } => {
                "open the URL to see what the server says, and run again when it answers"
            }
            Self::HostNotFound { .. } => {
                "check the name of the host, and that this machine can look up names"
            }
            Self::ConnectFailed { .. } | Self::HttpFailed { .. } => {
                "check that the server is up and the URL is right, and run again"
            }
            Self::Timeout { .. } => {
                "run again later, or raise timeout (for a big file max_file_time) for the source"
            }
            Self::Throttled { .. } => "run again after that time, and lower rate for the source",
            Self::RedirectInvalid { .. } | Self::TooManyRedirects { .. } => {
                "open the URL in a browser and use the one it ends at"
            }
            Self::BodyTooLarge { .. } => {
                "ask the server for less, or raise max_body (for a big file max_file) for the source"
            }
            Self::BodyTruncated { .. } => {
                "run again; if it stays, the server or something before it cuts bodies"
            }
            Self::BodyCorrupt { .. } | Self::EncodingUnknown { .. } => {
                "set accept_encoding of the source to [] to ask for plain bodies"
            }
            Self::DecompressionBomb { .. } => "look at what the server sends before fetching it again",
            Self::SecretMissing { .. } => "set the environment variable, or write the file, and run again",
            Self::ClientFailed { .. } => "install the root certificates of the system (ca-certificates)",
            Self::WarcFailed { .. } => "check the path of the archive and the rights on it",
            Self::WarcCorrupt { .. } => "use the archive up to there, or fetch again",
            Self::NotInWarc { .. } => "fetch it from the network, or use the archive of a whole run",
        };
        hint.into()
    }
}

/// The class of a status that ends a request (RFC 9110, 15).
const fn status_class(status: u16) -> FailureClass {
    match status {
        429 => FailureClass::Throttled,
        // What is not implemented today is not tomorrow.
        501 | 505 => FailureClass::Permanent,
        408 | 425 | 500..=599 => FailureClass::Transient,
        _ => FailureClass::Permanent,
    }
}

fn after(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!(", after {} s", time.as_secs()))
}
