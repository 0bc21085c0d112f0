//! Parsing URLs, and no secrets in messages.

use super::*;

fn settings(url: &str) -> Settings {
    parse(url).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_tls_modes_mean_what_they_mean_in_libpq() {
    let of = |query: &str| {
        let settings = settings(&format!("postgresql://u:p@db.example.com/d{query}"));
        (settings.config.get_ssl_mode(), settings.tls.verify)
    };
    assert_eq!(of(""), (SslMode::Prefer, Verify::Nothing));
    assert_eq!(of("?sslmode=disable"), (SslMode::Disable, Verify::Nothing));
    assert_eq!(of("?sslmode=allow"), (SslMode::Prefer, Verify::Nothing));
    assert_eq!(of("?sslmode=require"), (SslMode::Require, Verify::Nothing));
    assert_eq!(of("?sslmode=require&sslrootcert=/ca.pem"), (SslMode::Require, Verify::Chain));
    assert_eq!(of("?sslmode=verify-ca"), (SslMode::Require, Verify::Chain));
    assert_eq!(of("?sslmode=verify-full"), (SslMode::Require, Verify::ChainAndName));
    assert!(parse("postgresql://u@h/d?sslmode=sometimes").is_err());
}

#[test]
fn a_socket_is_never_encrypted() {
    let settings = settings("postgresql://u@%2Frun%2Fpg/d?sslmode=verify-full");
    assert_eq!(settings.config.get_ssl_mode(), SslMode::Disable);
}

#[test]
fn urls_of_hosted_databases_are_parsed() {
    let settings = settings(
        "postgres://postgres.abc:s%40fe@pooler.example.com:6543/postgres?pgbouncer=true&connection_limit=1",
    );
    assert_eq!(settings.config.get_user(), Some("postgres.abc"));
    assert_eq!(settings.config.get_password(), Some(&b"s@fe"[..]));
    assert_eq!(settings.config.get_ports(), [6543]);
    assert_eq!(settings.config.get_connect_timeout(), Some(&Duration::from_secs(10)));
}

#[test]
fn options_are_decoded_and_passed_on() {
    let settings =
        settings("postgresql://u@h/d?application_name=mine&sslrootcert=%2Fmy%20ca.pem&connect_timeout=3");
    assert_eq!(settings.config.get_application_name(), Some("mine"));
    assert_eq!(settings.tls.root_certificate, Some(PathBuf::from("/my ca.pem")));
    assert_eq!(settings.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
}

#[test]
fn without_a_host_the_local_server_is_used() {
    // No server of this machine has a socket for this port.
    let settings = settings("postgresql:///d?port=1");
    assert_eq!(settings.config.get_hosts(), [Host::Tcp("localhost".into())]);
}

#[test]
fn a_sign_is_not_a_hexadecimal_digit() {
    assert!(parse("postgresql://u@h/d?sslrootcert=%2Fca.pem").is_ok());
    assert!(parse("postgresql://u@h/d?sslrootcert=%+1ca.pem").is_err());
}

#[test]
fn no_message_repeats_a_secret() {
    for url in [
        "hunter2",
        "mysql://u:hunter2@h/d",
        "postgresql://u:hunter2@h/d?hunter2",
        "postgresql://u:p@h/d?Hunter2=1@realhost/d",
        "postgresql://u:a?hunter2&b=c/hunter2@h/d",
        "postgresql://hunter2%ff:p@h/d",
        "postgresql://u:a/b?hunter2=c@h/d",
        "postgresql://u:hunter2@h:notaport/d",
        "postgresql://u:hunter2@h/d?port=hunter2",
        "postgresql://u:hunter2@h/d?sslmode=hunter2",
        "postgresql://u:hunter2@h/d?sslrootcert=%hunter2",
        "host=h password=hunter2",
    ] {
        let Err(error) = parse(url) else { panic!("{url} was read") };
        let mut words = format!("{error} {error:?} {:?}", error.hint());
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            words.extend([inner.to_string(), format!("{inner:?}")]);
            source = inner.source();
        }
        assert!(!words.to_lowercase().contains("hunter2"), "{url}: {words}");
    }
}

#[test]
fn options_of_other_clients_are_ignored_and_unknown_ones_named() {
    let settings = settings(
        "postgres://u:p@h/d?pgbouncer=true&connection_limit=1&schema=public&pool_timeout=0&prepare_threshold=0\
         &prepareThreshold=0&statement_cache_size=0&statement-cache-capacity=0&supa=base-pooler.x&sslmode=no-verify\
         &pgbuoncer=true&application_name=mine&my.option=",
    );
    assert_eq!(settings.unknown, ["pgbuoncer", "my.option"]);
    assert_eq!(settings.config.get_application_name(), Some("mine"));
    assert_eq!((settings.config.get_ssl_mode(), settings.tls.verify), (SslMode::Require, Verify::Nothing));
}

#[test]
fn a_description_has_everything_but_the_password() {
    let settings = settings("postgresql://me:hunter2@h:6543/d");
    assert_eq!(describe(&settings.config), "d at h:6543 (as me)");
}

#[test]
fn a_second_at_sign_is_refused() {
    let error = parse("postgres://me:p@zq9@rd@127.0.0.1:1/app").err().unwrap();
    assert_eq!(error.code(), "database_url_invalid");
    assert!(!error.to_string().contains("zq9"), "{error}");
    assert!(parse("postgres://me:p%40ss@127.0.0.1:1/app?application_name=a@b").is_ok());
}

#[test]
fn a_copied_connection_string_needs_its_password() {
    let error =
        parse("postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:5432/postgres").err().unwrap();
    assert_eq!(error.code(), "database_url_invalid");
    assert!(error.to_string().contains("replace [YOUR-PASSWORD]"), "{error}");
}
