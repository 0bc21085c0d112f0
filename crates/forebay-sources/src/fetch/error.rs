//! Errors of the fetcher: each has a stable code, a failure class that decides about retries, and a hint.
//!
//! URLs in errors are redacted. Of a response, errors contain only the status.

use std::{borrow::Cow, io, net::IpAddr, path::PathBuf, time::Duration};

use forebay_domain::handoff::FailureClass;

/// Why a URL could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// `url_refused`: the URL is never fetched.
    #[error("{url} cannot be fetched: {problem}")]
    UrlRefused {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `address_refused`: the host is, or resolves to, an address that is not public.
    #[error("{}", not_public(host, *address))]
    AddressRefused {
        /// The host as in the URL.
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
    /// `robots_too_complex`: the patterns of robots.txt take too long to compare with the URL, so it is not allowed.
    #[error("robots.txt has patterns that take too long to compare with {url}, so it is not fetched")]
    RobotsTooComplex {
        /// The URL.
        url: String,
    },
    /// `robots_unreachable`: robots.txt could not be fetched, so nothing is allowed (RFC 9309, 2.3.1.4).
    #[error("cannot read robots.txt of {origin}: {problem}")]
    RobotsUnreachable {
        /// Scheme, host and port.
        origin: String,
        /// The code of the error, or the status.
        problem: String,
    },
    /// `host_not_found`: the name has no address.
    #[error("cannot find the host of {url}")]
    HostNotFound {
        /// The URL.
        url: String,
    },
    /// `connect_failed`: the connection or its TLS handshake failed.
    #[error("cannot connect to the host of {url}")]
    ConnectFailed {
        /// The URL.
        url: String,
        /// The error of the HTTP client.
        source: reqwest::Error,
    },
    /// `timeout`: the response was not complete in time.
    #[error("GET {url} timed out")]
    Timeout {
        /// The URL.
        url: String,
    },
    /// `http_failed`: the response is not HTTP, or the connection was lost before it started.
    #[error("GET {url} failed")]
    HttpFailed {
        /// The URL.
        url: String,
        /// The error of the HTTP client.
        source: reqwest::Error,
    },
    /// `http_status`: the response is neither a page nor a redirect.
    #[error("GET {url} returned status {status}")]
    HttpStatus {
        /// The URL.
        url: String,
        /// The status of the response.
        status: u16,
    },
    /// `throttled`: the host asks to retry later.
    #[error("the host of {url} asks to retry later{}", after(*retry_after))]
    Throttled {
        /// The URL.
        url: String,
        /// How long to wait, if the host says so.
        retry_after: Option<Duration>,
    },
    /// `redirect_invalid`: a redirect without a valid target.
    #[error("{url} redirects without a valid target")]
    RedirectInvalid {
        /// The URL.
        url: String,
    },
    /// `too_many_redirects`: more redirects than the limit, or a loop.
    #[error("{url} redirects more than {limit} times")]
    TooManyRedirects {
        /// The requested URL.
        url: String,
        /// The limit.
        limit: u8,
    },
    /// `redirected_away`: a redirect leads to a host that the source does not allow.
    #[error("{url} redirects to {to}, which is not in allow_hosts")]
    RedirectedAway {
        /// The requested URL.
        url: String,
        /// The target's scheme, host and port.
        to: String,
    },
    /// `body_too_large`: more bytes than the limit.
    #[error("{url} has more than {limit} bytes")]
    BodyTooLarge {
        /// The URL.
        url: String,
        /// The limit in bytes, after decompression.
        limit: u64,
    },
    /// `body_truncated`: the body ended early.
    #[error("the body of {url} ended early")]
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
    /// `decompression_bomb`: the body expands too much.
    #[error("{url} expands more than {ratio} times when decompressed, which looks like an attack")]
    DecompressionBomb {
        /// The URL.
        url: String,
        /// The limit.
        ratio: u64,
    },
    /// `encoding_unknown`: the body has an encoding that was not requested, or several encodings.
    #[error("{url} has an encoding that was not requested, or several encodings")]
    EncodingUnknown {
        /// The URL.
        url: String,
    },
    /// `secret_missing`: the value of a header could not be read.
    #[error("cannot read the value of the header {header} from {place}")]
    SecretMissing {
        /// The name of the header.
        header: String,
        /// The environment variable or file.
        place: String,
    },
    /// `client_failed`: the HTTP client could not be set up on this machine.
    #[error("cannot set up an HTTP client: {problem}")]
    ClientFailed {
        /// What is missing.
        problem: String,
    },
    /// `warc_failed`: the archive could not be read or written.
    #[error("cannot read or write the archive {}", path.display())]
    WarcFailed {
        /// The archive.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `warc_corrupt`: the file is a damaged WARC archive, or not one.
    #[error("{} is not a valid WARC archive at byte {offset}: {problem}", path.display())]
    WarcCorrupt {
        /// The archive.
        path: PathBuf,
        /// The offset of the record in the file.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// `not_in_warc`: the replayed archive doesn't contain the page.
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
            Self::RobotsTooComplex { .. } => "robots_too_complex",
            Self::RobotsUnreachable { .. } => "robots_unreachable",
            Self::HostNotFound { .. } => "host_not_found",
            Self::ConnectFailed { .. } => "connect_failed",
            Self::Timeout { .. } => "timeout",
            Self::HttpFailed { .. } => "http_failed",
            Self::HttpStatus { .. } => "http_status",
            Self::Throttled { .. } => "throttled",
            Self::RedirectInvalid { .. } => "redirect_invalid",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::RedirectedAway { .. } => "redirected_away",
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

    /// The class, which decides about retries.
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

    /// How long the host asks to wait, if it does.
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
                    "if the host is yours, set allow_private = [{host:?}] in [sources.NAME.fetch]"
                )
                .into();
            }
            Self::UrlRefused { .. } => {
                "use an absolute http:// or https:// URL without user name and password; send secrets as headers"
            }
            Self::RobotsDisallowed { .. } | Self::RobotsTooComplex { .. } => {
                "ask the owner of the site; with their permission, set robots = \"ignore\" for the source"
            }
            Self::RobotsUnreachable { .. } | Self::HttpStatus { .. } => {
                "open the URL to see what the server returns, and run again once it works"
            }
            Self::HostNotFound { .. } => "check the host name, and that DNS works on this machine",
            Self::ConnectFailed { .. } | Self::HttpFailed { .. } => {
                "check that the server is up and the URL is correct, then run again"
            }
            Self::Timeout { .. } => {
                "run again later, or raise the source's timeout (max_file_time for a large file)"
            }
            Self::Throttled { .. } => "run again after that time, and lower the source's rate",
            Self::RedirectInvalid { .. } | Self::TooManyRedirects { .. } => {
                "open the URL in a browser, and use the URL that it redirects to"
            }
            Self::RedirectedAway { .. } => {
                "change the URL to that target, or add the host to the source's allow_hosts"
            }
            Self::BodyTooLarge { .. } => {
                "request less data, or raise the source's max_body (max_file for a large file)"
            }
            Self::BodyTruncated { .. } => {
                "run again; if it happens again, the server or a proxy truncates responses"
            }
            Self::BodyCorrupt { .. } | Self::EncodingUnknown { .. } => {
                "set accept_encoding = [] for the source to request uncompressed bodies"
            }
            Self::DecompressionBomb { .. } => "check what the server sends before fetching again",
            Self::SecretMissing { .. } => "set the environment variable or create the file, then run again",
            Self::ClientFailed { .. } => "install the system's root certificates (ca-certificates)",
            Self::WarcFailed { .. } => "check the path of the archive and its permissions",
            Self::WarcCorrupt { .. } => "use the archive up to that byte, or fetch again",
            Self::NotInWarc { .. } => "fetch from the network, or use the archive of a complete run",
        };
        hint.into()
    }
}

/// The class of a status (RFC 9110, 15).
const fn status_class(status: u16) -> FailureClass {
    match status {
        429 => FailureClass::Throttled,
        // Not implemented (501) and unsupported HTTP version (505): a retry would not help.
        501 | 505 => FailureClass::Permanent,
        408 | 425 | 500..=599 => FailureClass::Transient,
        _ => FailureClass::Permanent,
    }
}

fn after(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!(", after {} s", time.as_secs()))
}

/// The message for an address that is not public.
pub(super) fn not_public(host: &str, address: IpAddr) -> String {
    if host.trim_matches(['[', ']']).parse() == Ok(address) {
        format!("{address} is not a public address")
    } else {
        format!("{host} resolves to {address}, which is not a public address")
    }
}
