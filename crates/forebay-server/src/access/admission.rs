//! How a server that starts recognises callers, and where it must not start.

use std::{net::IpAddr, time::Duration};

use forebay_engine::{
    jwt::JwtVerifier,
    tokens::{self, Existing},
};
use forebay_store::connect::Database;
use forebay_views::failure::Failure;
use url::{Host, Url};

use crate::network::Network;

/// How callers are recognised.
#[derive(Debug)]
pub struct Admission {
    /// The identity provider whose JWTs are accepted.
    pub jwt: Option<JwtVerifier>,
    /// Whether everyone who can connect may do everything, until there is a token.
    pub is_open: bool,
    /// Whether browsers reach the server by https, and must send its cookies that way only.
    pub is_https: bool,
    /// The proxies whose `X-Forwarded-For` names the address of a client.
    pub trusted_proxies: Vec<Network>,
    /// How often streams check that their caller may still follow them. Default: a minute.
    pub recheck: Duration,
}

impl Default for Admission {
    fn default() -> Self {
        let recheck = Duration::from_mins(1);
        Self { jwt: None, is_open: false, is_https: false, trusted_proxies: Vec::new(), recheck }
    }
}

/// Who can reach a server.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The address that it listens on.
    pub address: IpAddr,
    /// The address that people use, through a proxy for instance.
    pub public_url: Option<&'a Url>,
}

impl Reach<'_> {
    /// Whether other machines can reach it.
    fn is_beyond_loopback(self) -> bool {
        let is_public = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name != "localhost",
            Some(Host::Ipv4(address)) => !address.is_loopback(),
            Some(Host::Ipv6(address)) => !address.is_loopback(),
            None => true,
        };
        !self.address.is_loopback() || self.public_url.is_some_and(is_public)
    }
}

/// How the server recognises callers. Error: `authentication_missing`, if others can reach it and nothing that they
/// could present exists.
pub async fn admission(
    database: &Database,
    jwt: Option<JwtVerifier>,
    reach: Reach<'_>,
) -> Result<Admission, Failure> {
    let is_https = reach.public_url.is_some_and(|url| url.scheme() == "https");
    let existing = tokens::existing(database).await?;
    let is_open = jwt.is_none() && existing == Existing::None;
    if jwt.is_none() && existing != Existing::Valid && reach.is_beyond_loopback() {
        let what =
            if existing == Existing::Expired { "every token has expired" } else { "there are no tokens" };
        let message = format!("other machines can reach the server, and {what}");
        return Err(Failure::usage("authentication_missing", message).hint(
            "create one with `forebay tokens create --role admin`, or set [server.jwt] in forebay.toml; without, listen on \
             127.0.0.1 and set no `public_url`",
        ));
    }
    Ok(Admission { jwt, is_open, is_https, ..Admission::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_without_a_public_address_keeps_others_out() {
        let beyond = |address: &str, url: Option<&str>| {
            let url = url.map(|url| Url::parse(url).unwrap());
            Reach { address: address.parse().unwrap(), public_url: url.as_ref() }.is_beyond_loopback()
        };
        assert!(!beyond("127.0.0.1", None) && !beyond("::1", None));
        assert!(!beyond("127.0.0.1", Some("http://localhost:8321")) && !beyond("::1", Some("http://[::1]/")));
        assert!(beyond("0.0.0.0", None) && beyond("::", None) && beyond("192.0.2.7", None));
        assert!(beyond("127.0.0.1", Some("https://forebay.example.org")));
        assert!(beyond("127.0.0.1", Some("https://192.0.2.7/")));
    }
}
