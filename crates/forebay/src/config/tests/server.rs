//! `[server]`.

use super::{error, parse, template_in_full};

#[test]
fn the_server_is_configured_in_one_table() {
    let server = parse(&template_in_full()).server;
    assert_eq!(server.public_url.as_ref().unwrap().as_str(), "https://forebay.example.org/");
    assert!(server.jwt_verifier().unwrap().is_some());
    assert_eq!(server.trusted_proxies.len(), 2);
    assert!(parse("").server.jwt_verifier().unwrap().is_none());
}

#[test]
fn a_secret_is_read_when_it_is_needed() {
    let jwt = |secret: &str| {
        let text = format!("[server.jwt]\nissuer = \"i\"\naudience = \"a\"\nsecret = {secret:?}");
        parse(&text).server.jwt_verifier().map(|verifier| verifier.is_some())
    };
    for (secret, what) in [
        ("env:FOREBAY_TEST_NO_SUCH_VARIABLE", "FOREBAY_TEST_NO_SUCH_VARIABLE is not set"),
        ("file:/nowhere/secret", "the file /nowhere/secret can't be read"),
    ] {
        let missing = jwt(secret).unwrap_err();
        assert_eq!(missing.code(), "secret_missing");
        assert!(missing.full_message().contains(what), "{missing:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let place = format!("file:{}", file.path().display());
    std::fs::write(file.path(), "hunter2").unwrap();
    let short = jwt(&place).unwrap_err();
    assert!(short.full_message().contains("at least 32 bytes"), "{short:?}");
    assert!(!short.full_message().contains("hunter2"));
    std::fs::write(file.path(), "a secret of thirty-two bytes or more\n").unwrap();
    assert!(jwt(&place).unwrap());
}

#[test]
fn mistakes_are_located_and_explained() {
    let jwt = |rest: &str| format!("[server.jwt]\nissuer = \"i\"\naudience = \"a\"\n{rest}");
    let url = "jwks_url = \"https://id.example.org/keys\"";
    for (text, expected) in [
        ("[server]\npublic_url = \"ftp://example.org\"".to_owned(), "2:1: public_url must begin with"),
        ("[server]\ntrusted_proxies = [\"proxy\"]".to_owned(), "expected an address such as 127.0.0.1"),
        (jwt(""), "[server.jwt] needs jwks_url or secret"),
        (jwt(&format!("{url}\nsecret = \"env:S\"")), "5:1: a provider has either jwks_url or secret"),
        (jwt("secret = \"hunter2\""), "4:1: `secret` must name an environment variable or a file"),
        (jwt("jwks_url = \"http://id.example.org/keys\""), "4:1: jwks_url must begin with https://"),
        (jwt("jwks_url = \"keys\""), "4:12"),
        (jwt(&format!("{url}\nrole_claim = \"user_metadata.role\"")), "5:1: users can change user_metadata"),
        (jwt(&format!("{url}\nroles = {{ a = \"owner\" }}")), "owner"),
        (jwt(&format!("{url}\nroles = {{ a = \"ingest\" }}")), "a JWT names no sources"),
        ("[server.jwt]\nissuer = \"i\"".to_owned(), "missing field `audience`"),
    ] {
        let error = error(&text);
        assert!(error.contains(expected), "{text}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
