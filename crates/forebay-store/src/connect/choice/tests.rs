//! Which variable wins, what each gives, and no secrets in errors.

use std::{collections::BTreeMap, ffi::OsString};

use proptest::prelude::*;
use tokio_postgres::config::{Host, SslMode};

use super::{super::url::parse, *};

type Variables = BTreeMap<&'static str, String>;

fn chosen(option: Option<&str>, variables: &Variables) -> Result<Option<Choice>> {
    configured(option, &|name| variables.get(name).cloned().ok_or(VarError::NotPresent))
}

fn with(pairs: &[(&'static str, &str)]) -> Result<Option<Choice>> {
    chosen(None, &pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

fn url(choice: &Choice) -> &str {
    match &choice.target {
        Target::Url(url) => url,
        Target::Embedded { .. } => panic!("{choice:?}"),
    }
}

fn refusal(pairs: &[(&'static str, &str)]) -> Error {
    match with(pairs) {
        Err(error) => error,
        Ok(choice) => panic!("{choice:?}"),
    }
}

const PROJECT: &str = "https://abcdefghijklmnopqrst.supabase.co";

#[test]
fn a_project_and_its_password_give_the_direct_connection() {
    let choice = with(&[(SUPABASE_URL, PROJECT), (SUPABASE_DB_PASSWORD, "hunter2")]).unwrap().unwrap();
    assert_eq!(choice.configured_by, [SUPABASE_URL, SUPABASE_DB_PASSWORD]);
    assert!(!format!("{choice:?}").contains("hunter2"));
    let settings = parse(url(&choice)).unwrap_or_else(|error| panic!("{error}"));
    let config = &settings.config;
    assert_eq!(config.get_hosts(), [Host::Tcp("db.abcdefghijklmnopqrst.supabase.co".into())]);
    assert_eq!(config.get_ports(), [5432]);
    assert_eq!((config.get_user(), config.get_dbname()), (Some("postgres"), Some("postgres")));
    assert_eq!(config.get_password(), Some(&b"hunter2"[..]));
    assert_eq!(config.get_ssl_mode(), SslMode::Require);
    assert_eq!(settings.tls.verify, super::super::tls::Verify::ChainAndName);
    assert_eq!(settings.tls.root_certificate, None);
}

#[test]
fn the_direct_connection_follows_the_tls_variables_of_libpq() {
    let settings = |pairs: &[(&'static str, &str)]| {
        let all = [&[(SUPABASE_URL, PROJECT), (SUPABASE_DB_PASSWORD, "p")], pairs].concat();
        parse(url(&with(&all).unwrap().unwrap())).unwrap_or_else(|error| panic!("{error}"))
    };
    let trusting = settings(&[(PGSSLROOTCERT, "/my certs/root&ca.crt")]);
    assert_eq!(trusting.tls.root_certificate, Some(PathBuf::from("/my certs/root&ca.crt")));
    assert_eq!(trusting.tls.verify, super::super::tls::Verify::ChainAndName);
    assert_eq!(settings(&[(PGSSLMODE, "require")]).tls.verify, super::super::tls::Verify::Nothing);
    assert_eq!(
        settings(&[(PGSSLMODE, "")]).tls.verify,
        super::super::tls::Verify::ChainAndName,
        "empty is not set"
    );
}

#[test]
fn spellings_of_a_hosted_project() {
    for address in [
        PROJECT,
        "https://abcdefghijklmnopqrst.supabase.co/",
        " HTTPS://ABCDEFGHIJKLMNOPQRST.supabase.co:443/rest/v1?x=1\n",
    ] {
        let project = supabase::project(address).unwrap();
        assert_eq!(project, Project::Hosted { reference: "abcdefghijklmnopqrst".into() }, "{address}");
    }
}

#[test]
fn a_project_on_this_machine_needs_no_password() {
    for (address, expected) in [
        ("http://127.0.0.1:54321", "postgresql://postgres:postgres@127.0.0.1:54322/postgres"),
        ("http://localhost:54321/", "postgresql://postgres:postgres@localhost:54322/postgres"),
        ("http://[::1]:54321", "postgresql://postgres:postgres@[::1]:54322/postgres"),
    ] {
        // The password of a hosted project doesn't open it.
        let choice = with(&[(SUPABASE_URL, address), (SUPABASE_DB_PASSWORD, "other")]).unwrap().unwrap();
        assert_eq!((url(&choice), choice.configured_by), (expected, &[SUPABASE_URL][..]));
        assert_eq!(parse(expected).unwrap_or_else(|error| panic!("{error}")).config.get_ports(), [54322]);
    }
}

#[test]
fn other_addresses_are_refused_without_showing_them() {
    for address in [
        "https://supabase.co",
        "https://db.abc.supabase.co",
        "https://abc.supabase.co.example.com",
        "https://hunter2@abc.supabase.co",
        "https://me:hunter2@abc.supabase.co",
        "postgresql://postgres:hunter2@db.abc.supabase.co:5432/postgres",
        "hunter2",
        "https://",
        "https://hunter2 /",
        "http://127.0.0.1:8000",
        "http://localhost",
        "https://api.example.com",
    ] {
        let error = refusal(&[(SUPABASE_URL, address), (SUPABASE_DB_PASSWORD, "hunter2")]);
        assert_eq!(error.code(), "supabase_url_invalid", "{address}");
        let text = format!("{error} {error:?} {:?}", error.hint());
        assert!(!text.contains("hunter2"), "{text}");
    }
    let error = refusal(&[(SUPABASE_URL, "https://api.example.com")]);
    assert!(error.to_string().contains("api.example.com"), "{error}");
}

#[test]
fn a_key_of_the_api_is_not_enough() {
    for name in SUPABASE_KEYS {
        let error = refusal(&[(SUPABASE_URL, PROJECT), (name, "hunter2")]);
        assert_eq!(error.code(), "supabase_password_missing");
        let text = format!("{error} {}", error.hint().unwrap());
        for word in [name, SUPABASE_DB_PASSWORD, SUPABASE_DB_URL, "Connect", "Project Settings > Database"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("hunter2"));
    }
    let error = refusal(&[(SUPABASE_URL, PROJECT), (SUPABASE_DB_PASSWORD, "")]);
    assert_eq!(error.code(), "supabase_password_missing");
    // A key or a password without a project configures nothing.
    assert_eq!(with(&[("SUPABASE_KEY", "k"), (SUPABASE_DB_PASSWORD, "p")]).unwrap(), None);
}

#[test]
fn a_variable_that_is_not_text_is_an_error() {
    let found = configured(None, &|name| match name {
        DATABASE_URL => Err(VarError::NotUnicode(OsString::from("x"))),
        _ => Err(VarError::NotPresent),
    });
    let error = found.unwrap_err();
    assert_eq!(error.code(), "variable_not_utf8");
    assert!(error.to_string().contains(DATABASE_URL));
}

#[test]
fn without_a_database_the_data_folder_is_chosen() {
    let folder = |option: &str, variable: &'static str| {
        let lookup = |name: &str| match name {
            FOREBAY_DATA_DIR => Ok(variable.to_owned()),
            DATABASE_URL => Ok(" ".to_owned()),
            _ => Err(VarError::NotPresent),
        };
        let choice = choose(Some(""), Some(PathBuf::from(option)), None, &lookup).unwrap();
        assert!(choice.configured_by.is_empty());
        choice.target
    };
    assert_eq!(folder("/a", "/b"), Target::Embedded { data_dir: "/a".into() });
    assert_eq!(folder("", "/b"), Target::Embedded { data_dir: "/b".into() });
    assert!(matches!(folder("", ""), Target::Embedded { data_dir } if !data_dir.as_os_str().is_empty()));
}

#[test]
fn a_file_wins_over_shared_variables_and_loses_to_our_own() {
    let choose_with = |option: Option<&str>, folder: Option<&str>, file: FileDatabase, set: &[&str]| {
        let lookup = |name: &str| match name {
            name if !set.contains(&name) => Err(VarError::NotPresent),
            FOREBAY_DATA_DIR => Ok("/variable".to_owned()),
            name => Ok(format!("postgresql://u@h/{name}")),
        };
        let choice = choose(option, folder.map(PathBuf::from), Some(file), &lookup).unwrap();
        let place = match &choice.target {
            Target::Url(url) => url.rsplit('/').next().unwrap().to_owned(),
            Target::Embedded { data_dir } => data_dir.display().to_string(),
        };
        (place, choice.configured_by)
    };
    let named = || FileDatabase::Url("postgresql://u:p@h/file".to_owned());
    let folder = || FileDatabase::DataDir("/file".into());
    let shared = [SUPABASE_DB_URL, DATABASE_URL, FOREBAY_DATA_DIR];
    let table: &[&str] = &[DATABASE_TABLE];
    assert_eq!(choose_with(None, None, named(), &shared), ("file".to_owned(), table));
    assert_eq!(choose_with(None, Some("/option"), named(), &shared), ("file".to_owned(), table));
    let own = [FOREBAY_DATABASE_URL, DATABASE_URL];
    for file in [named(), folder()] {
        let expected: (_, &[&str]) = (FOREBAY_DATABASE_URL.to_owned(), &[FOREBAY_DATABASE_URL]);
        assert_eq!(choose_with(None, None, file.clone(), &own), expected);
        let expected: (_, &[&str]) = ("option".to_owned(), &[DATABASE_URL_OPTION]);
        assert_eq!(choose_with(Some("postgresql://u@h/option"), None, file, &own), expected);
    }
    // The embedded cluster of the file is used although another database is configured for other programs.
    assert_eq!(choose_with(None, None, folder(), &[DATABASE_URL]), ("/file".to_owned(), table));
    assert_eq!(choose_with(None, None, folder(), &shared), ("/variable".to_owned(), table));
    assert_eq!(choose_with(None, Some("/option"), folder(), &shared), ("/option".to_owned(), table));
    assert!(!format!("{:?}", named()).contains("u:p"));
}

/// Everything that can configure a database, in its order.
const ORDER: [&[&str]; 5] = [
    &[DATABASE_URL_OPTION],
    &[FOREBAY_DATABASE_URL],
    &[SUPABASE_DB_URL],
    &[DATABASE_URL],
    &[SUPABASE_URL, SUPABASE_DB_PASSWORD],
];

proptest! {
    #[test]
    fn the_first_that_is_set_wins(set in prop::array::uniform5(0..3)) {
        // 0: not set, 1: blank, 2: set.
        let mut variables = Variables::new();
        let mut option = None;
        for (names, state) in ORDER.iter().zip(set) {
            for name in *names {
                let value = match (state, *name) {
                    (0, _) => continue,
                    (1, SUPABASE_DB_PASSWORD) => String::new(),
                    (1, _) => " ".to_owned(),
                    (_, SUPABASE_URL) => PROJECT.to_owned(),
                    (_, name) => format!("postgresql://u@h/{name}"),
                };
                if *name == DATABASE_URL_OPTION {
                    option = Some(value);
                } else {
                    variables.insert(name, value);
                }
            }
        }
        let expected = ORDER.iter().zip(set).find(|(_, state)| *state == 2).map(|(names, _)| *names);
        let choice = chosen(option.as_deref(), &variables).unwrap();
        prop_assert_eq!(choice.as_ref().map(|choice| choice.configured_by), expected);
        if let (Some(choice), Some([name])) = (choice, expected) {
            prop_assert_eq!(url(&choice), format!("postgresql://u@h/{name}"));
        }
    }

    #[test]
    fn a_password_arrives_as_it_is(password in "[^\0]{1,40}", root in "[^\0]{1,20}") {
        let pairs = [
            (SUPABASE_URL, PROJECT),
            (SUPABASE_DB_PASSWORD, password.as_str()),
            (PGSSLROOTCERT, root.as_str()),
        ];
        let settings = parse(url(&with(&pairs).unwrap().unwrap())).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(settings.config.get_password(), Some(password.as_bytes()));
        prop_assert_eq!(settings.tls.root_certificate, Some(PathBuf::from(&root)));
        prop_assert_eq!(settings.config.get_ports(), [5432]);
    }

    #[test]
    fn no_address_panics_or_leads_elsewhere(address in "(https?://)?[a-z0-9.:@/\\[\\]?#%-]{0,40}") {
        if let Ok(Project::Hosted { reference }) = supabase::project(&address) {
            let url = supabase::direct(&reference, "p@ss", None, None);
            let settings = parse(&url).unwrap_or_else(|error| panic!("{error}"));
            let host = format!("db.{reference}.supabase.co");
            prop_assert_eq!(settings.config.get_hosts(), [Host::Tcp(host)]);
        }
    }
}
