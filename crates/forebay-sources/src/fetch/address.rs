//! Decides which addresses may be connected to: the guard against server-side request forgery (SSRF).
//!
//! The decision is based on addresses, never on names, and is made before any connection: [`AllowPrivate::check`] for
//! hosts that are written as an address, in any spelling that a URL allows, and [`Resolver`] for names. The client
//! connects only to the addresses that it returns. A name is refused if any of its addresses is refused, because DNS
//! rebinding starts with a name that has public and private addresses. Connections are only reused under the same
//! [`AllowPrivate`].

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

use super::{
    error::{FetchError, not_public},
    redact::redact_url,
};

/// Maximum number of addresses used for one name.
const MAX_ADDRESSES: usize = 64;

/// Whether an address belongs to the public internet: not private, loopback, link-local, shared (CGNAT), unique local,
/// multicast, reserved, for documentation or unspecified (RFC 6890 and the IANA registries that follow it). For an IPv6
/// address that embeds an IPv4 address (mapped, NAT64, 6to4), the embedded address counts.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(embedded) = embedded_v4(address) {
        return is_public_v4(embedded);
    }
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is allocated for public use; the exceptions within it follow.
    let is_global = first & 0xe000 == 0x2000;
    let is_special = match first {
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x3fff => second < 0x1000,
        _ => false,
    };
    is_global && !is_special
}

/// The IPv4 address that a router or operating system would use for an IPv6 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    // Mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
    let ([0, 0, 0, 0, 0, 0xffff, high, low]
    | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [0x2002, high, low, ..]) = address.segments()
    else {
        return None;
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// The non-public addresses that may be fetched from: none, all, or a list of networks and hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "AllowForm")]
pub struct AllowPrivate {
    all: bool,
    networks: Vec<Network>,
    hosts: Vec<String>,
}

impl Serialize for AllowPrivate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.all || (self.networks.is_empty() && self.hosts.is_empty()) {
            return serializer.serialize_bool(self.all);
        }
        let networks = self.networks.iter().map(|network| format!("{}/{}", network.address, network.bits));
        serializer.collect_seq(networks.chain(self.hosts.iter().cloned()))
    }
}

/// How [`AllowPrivate`] is written in the configuration.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected true, false, or a list of networks and host names")]
enum AllowForm {
    Switch(bool),
    List(Vec<String>),
}

impl TryFrom<AllowForm> for AllowPrivate {
    type Error = String;

    fn try_from(form: AllowForm) -> Result<Self, Self::Error> {
        match form {
            AllowForm::Switch(all) => Ok(Self { all, ..Self::default() }),
            AllowForm::List(entries) => Self::list(entries),
        }
    }
}

impl AllowPrivate {
    /// Allows all addresses.
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Allows networks (`10.1.0.0/16`, `::1`) and host names. The error describes the invalid entry.
    pub fn list(entries: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Ok(network) = entry.parse() {
                allowed.networks.push(network);
                continue;
            }
            match Host::parse(entry) {
                Ok(Host::Domain(name)) => allowed.hosts.push(name),
                _ => return Err(format!("expected a network such as 10.1.0.0/16 or a host, not {entry:?}")),
            }
        }
        Ok(allowed)
    }

    /// Whether an address may be connected to; `host` is the name that was looked up.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        self.all
            || is_public(address)
            || self.hosts.iter().any(|allowed| allowed == host.trim_end_matches('.'))
            || self.networks.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// Refuses a URL because of its scheme, a user name in it, or an address as its host. Host names are checked when
    /// they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let refused = |problem| Err(FetchError::UrlRefused { url: redact_url(url), problem });
        if !matches!(url.scheme(), "http" | "https") {
            return refused("only http:// and https:// URLs can be fetched");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("it contains a user name or password");
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return refused("it has no host"),
        };
        let host = address.to_string();
        if self.permits(&host, address) { Ok(()) } else { Err(FetchError::AddressRefused { host, address }) }
    }

    /// The addresses of a name, or an error with the first refused one.
    fn admit(&self, host: &str, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let found: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
        match found.iter().find(|address| !self.permits(host, address.ip())) {
            Some(address) => Err(Refused { host: host.to_owned(), address: address.ip() }),
            None => Ok(found),
        }
    }
}

impl JsonSchema for AllowPrivate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AllowPrivate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string" } }],
            "description": "true, false, or a list of networks (10.1.0.0/16) and host names",
        })
    }
}

/// A network in the notation of RFC 4632: an address and a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits <= width { Ok(Self { address, bits }) } else { Err(()) }
    }
}

/// A name that resolves to a refused address. The HTTP client returns it as the cause of its error.
#[derive(Debug, thiserror::Error)]
#[error("{}", not_public(host, *address))]
pub(super) struct Refused {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

/// A name without addresses.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NoAddress;

/// Resolves names for the client, and refuses those with a non-public address that is not allowed.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allowed: AllowPrivate,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The client replaces the port with that of the URL.
            let found = tokio::net::lookup_host((host, 0)).await.map_err(|_| NoAddress)?;
            let addresses = allowed.admit(host, found)?;
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
