//! Finds the address of a client behind proxies. They append the address that they got a request from to
//! `X-Forwarded-For`, so an entry counts only if a proxy that is trusted has added it.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};

use crate::{caller::Peer, network::Network};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Gives the request the address of its client.
pub(crate) async fn resolve(
    State(proxies): State<Arc<[Network]>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(peer) = request.extensions().get::<Peer>().copied() {
        let from = client(&proxies, peer.from, request.headers());
        request.extensions_mut().insert(Peer { from, ..peer });
    }
    next.run(request).await
}

fn client(proxies: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    let mut found = peer;
    for entry in entries.into_iter().rev() {
        if !is_proxy(found) {
            break;
        }
        // An entry that is no address: the proxy is the last one known.
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        found = address.to_canonical();
    }
    found
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_proxies_that_are_trusted_name_the_client() {
        let of = |peer: &str, values: &[&'static str]| {
            let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|text| text.parse().unwrap());
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            client(&proxies, peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(of("203.0.113.9", &["192.0.2.1"]), "203.0.113.9", "not a proxy");
        assert_eq!(of("127.0.0.1", &["192.0.2.1, 203.0.113.9"]), "203.0.113.9", "the client wrote the first");
        assert_eq!(
            of("127.0.0.1", &["192.0.2.1, 203.0.113.9, 10.0.0.7"]),
            "203.0.113.9",
            "through two proxies"
        );
        assert_eq!(of("127.0.0.1", &["203.0.113.9", "10.0.0.7"]), "203.0.113.9", "in two headers");
        assert_eq!(of("127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(of("127.0.0.1", &["203.0.113.9, unknown"]), "127.0.0.1");
    }
}
