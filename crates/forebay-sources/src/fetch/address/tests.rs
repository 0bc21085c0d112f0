//! Public and non-public addresses in every spelling, and exceptions for private ones.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn public_addresses_are_accepted() {
    for text in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:200::1",
        "2a00:1450::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ] {
        assert!(is_public(ip(text)), "{text}");
    }
}

#[test]
fn non_public_addresses_are_refused() {
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1.1.1.1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(ip(text)), "{text}");
    }
}

fn decision(allowed: &AllowPrivate, url: &str) -> Result<(), &'static str> {
    allowed.check(&Url::parse(url).unwrap()).map_err(|error| error.code())
}

#[test]
fn addresses_are_recognised_in_every_spelling() {
    let nothing = AllowPrivate::default();
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://127.0.0.1:8080/",
        "http://%31%32%37.0.0.1/",
        "http://１２７.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://169.254.169.254/latest/meta-data/",
    ] {
        assert_eq!(decision(&nothing, url), Err("address_refused"), "{url}");
    }
    assert_eq!(decision(&nothing, "http://1.1.1.1/"), Ok(()));
    assert_eq!(decision(&nothing, "https://example.org/"), Ok(()));
}

#[test]
fn other_schemes_and_users_are_refused() {
    let everything = AllowPrivate::all();
    for url in [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "data:text/plain,x",
        "http://user@example.org/",
        "http://user:password@example.org/",
        "http://:password@example.org/",
    ] {
        assert_eq!(decision(&everything, url), Err("url_refused"), "{url}");
    }
}

#[test]
fn an_exception_covers_only_its_own_addresses_and_hosts() {
    let allowed = AllowPrivate::list(["10.1.0.0/16", "::1", "intranet.example"]).unwrap();
    for (host, address, permitted) in [
        ("10.1.2.3", "10.1.2.3", true),
        ("anything.example", "10.1.2.3", true),
        ("::ffff:10.1.2.3", "::ffff:10.1.2.3", true),
        ("10.2.0.1", "10.2.0.1", false),
        ("::1", "::1", true),
        ("::2", "::2", false),
        ("intranet.example", "192.168.0.9", true),
        ("intranet.example.", "192.168.0.9", true),
        ("x.intranet.example", "192.168.0.9", false),
        ("example.org", "1.1.1.1", true),
    ] {
        assert_eq!(allowed.permits(host, ip(address)), permitted, "{host} at {address}");
    }
    assert!(AllowPrivate::list(["0.0.0.0/0"]).unwrap().permits("x", ip("127.0.0.1")));
    for entry in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "a b"] {
        assert!(AllowPrivate::list([entry]).is_err(), "{entry:?}");
    }
}

#[test]
fn a_name_with_one_private_address_is_refused() {
    let found = |list: &[&str]| list.iter().map(|text| SocketAddr::new(ip(text), 0)).collect::<Vec<_>>();
    let nothing = AllowPrivate::default();
    let both = nothing.admit("rebind.example", found(&["1.1.1.1", "127.0.0.1"]).into_iter());
    assert_eq!(both.unwrap_err().address, ip("127.0.0.1"));
    assert_eq!(nothing.admit("x.example", found(&["1.1.1.1"]).into_iter()).unwrap(), found(&["1.1.1.1"]));
}

#[tokio::test]
async fn localhost_is_refused_when_it_is_resolved() {
    let name = || "localhost".parse::<Name>().unwrap();
    let refusing = Resolver { allowed: AllowPrivate::default() };
    let Err(error) = refusing.resolve(name()).await else { panic!("localhost was accepted") };
    assert!(error.downcast_ref::<Refused>().is_some_and(|refused| refused.address.is_loopback()));
    let letting = Resolver { allowed: AllowPrivate::list(["localhost"]).unwrap() };
    assert!(letting.resolve(name()).await.is_ok_and(|mut found| found.all(|found| found.ip().is_loopback())));
}
