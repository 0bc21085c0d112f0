//! Which addresses may be connected to: the guard against requests that a hostile site or name turns inwards (SSRF).
//!
//! The decision is made on addresses, never on names, and before any connection: [`AllowPrivate::check`] for hosts that
//! are written as an address, in any spelling that a URL allows, and [`Resolver`] for names, whose answer is the only
//! thing that the client connects to. A name is refused as a whole when one of its addresses is, because a name with
//! both kinds is how rebinding begins. Connections are kept and used again only under the same [`AllowPrivate`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

use super::FetchError;
use super::redact::redact_url;

/// The most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 64;

/// Whether an address is one of the public internet: not private, loopback, link-local, shared (CGNAT), unique local,
/// multicast, reserved, for documentation or unspecified (RFC 6890 and the IANA registries that follow it). An IPv6
/// address that carries an IPv4 one (mapped, NAT64, 6to4) is what it carries.
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
    if let Some(carried) = carried_v4(address) {
        return is_public_v4(carried);
    }
    let [first, second, ..] = address.segments();
    // 2000::/3 is all that has been given out for the public; what is special within it follows.
    let is_global = first & 0xe000 == 0x2000;
    let is_special = match first {
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x3fff => second < 0x1000,
        _ => false,
    };
    is_global && !is_special
}

/// The IPv4 address that a router, translator or system would make of an IPv6 one.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    // Mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
    let ([0, 0, 0, 0, 0, 0xffff, high, low]
    | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [0x2002, high, low, ..]) = address.segments()
    else {
        return None;
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// What is fetched from although it is not public: nothing, everything, or networks and hosts.
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

/// How [`AllowPrivate`] is written.
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
    /// Everything, private or not.
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Networks (`10.1.0.0/16`, `::1`) and names of hosts.
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

    /// Whether an address may be connected to under the name by which it was found.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        self.all
            || is_public(address)
            || self.hosts.iter().any(|allowed| allowed == host.trim_end_matches('.'))
            || self.networks.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// Refuses a URL that can never be fetched: by scheme, by a user in it, or by an address for a host. Names are
    /// checked when they are looked up.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let refused = |problem| Err(FetchError::UrlRefused { url: redact_url(url), problem });
        if !matches!(url.scheme(), "http" | "https") {
            return refused("only http:// and https:// are");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("it holds a user or password");
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

    /// The addresses of a name, or the first one that is refused.
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

/// A network in the notation of RFC 4632: an address and the number of leading bits that count.
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

/// That an address is not public, as a sentence.
pub(super) fn not_public(host: &str, address: IpAddr) -> String {
    if host.trim_matches(['[', ']']).parse() == Ok(address) {
        format!("{address} is not a public address")
    } else {
        format!("{host} leads to {address}, which is not a public address")
    }
}

/// A name that leads to an address which may not be connected to. It travels through the client as the cause of its
/// error.
#[derive(Debug, thiserror::Error)]
#[error("{}", not_public(host, *address))]
pub(super) struct Refused {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

/// A name that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NoAddress;

/// Looks up names for the client and hands on only what may be connected to.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allowed: AllowPrivate,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The client puts in the port of the URL.
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
