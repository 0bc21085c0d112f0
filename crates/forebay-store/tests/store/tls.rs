//! Encryption with a real server: the connections that each mode allows.
//!
//! The embedded cluster has no network address, so a test's cluster gets one with `ALTER SYSTEM`: an unused loopback
//! address, which only Linux has without configuration.

use std::{
    env::VarError,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::Command,
};

use forebay_store::{
    Database, Result, Target,
    cluster::Cluster,
    connect::{OpenOptions, configured},
};
use tokio_postgres::NoTls;

use crate::support::Place;

const ADDRESS: &str = "127.0.0.77";
/// The password of the role `postgres`: characters that mean something in URLs, in SQL or to a shell.
const PASSWORD: &str = r#"p@ss:w/rd?#[]%41&=+ '"\$ü€"#;

/// Creates an authority, its certificate for `db.example` and a Supabase project, and one for the user `carol`.
fn certificates(folder: &Path) {
    let script = "set -e
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority
        certify() {
            openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj /CN=$2
            printf 'subjectAltName=DNS:%s,DNS:db.abc.supabase.co\\nbasicConstraints=CA:FALSE\\n' $2 > $1.ext
            openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $1.ext -out $1.pem
        }
        certify server db.example
        certify carol carol";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A cluster that listens on the network, with encryption only: `bob` has a password, `carol` a certificate.
async fn listening(place: &Place) -> Cluster {
    certificates(place.folder());
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let (client, connection) = cluster.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    for statement in [
        "create role bob login password 'hunter2'",
        "create role carol login",
        &format!("create role postgres login password '{}'", PASSWORD.replace('\'', "''")),
        &format!("alter system set listen_addresses = '{ADDRESS}'"),
        "alter system set ssl = on",
        "alter system set ssl_cert_file = 'server.pem'",
        "alter system set ssl_key_file = 'server.key'",
        "alter system set ssl_ca_file = 'ca.pem'",
    ] {
        client.batch_execute(statement).await.unwrap();
    }
    cluster.leave().await.unwrap();

    let pgdata = place.data_dir().join("postgres");
    let owner = fs::metadata(&pgdata).unwrap();
    for name in ["server.pem", "server.key", "ca.pem"] {
        fs::copy(place.folder().join(name), pgdata.join(name)).unwrap();
        fs::set_permissions(pgdata.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        chown(pgdata.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let rules = "local all all trust\nhostssl all carol all cert\nhostssl all all all scram-sha-256\n";
    fs::write(pgdata.join("pg_hba.conf"), rules).unwrap();
    Cluster::join(&place.options()).await.unwrap()
}

#[tokio::test]
async fn every_mode_allows_the_same_connections_as_libpq() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let place = Place::new();
    let _cluster = listening(&place).await;
    let encrypted = async |user: &str, host: &str, options: &str| -> Result<bool> {
        let url = format!("postgresql://{user}@{host}/forebay?hostaddr={ADDRESS}&{options}");
        let database = Database::open(Target::Url(url), OpenOptions::default()).await?;
        let client = database.client().await?;
        let row =
            client.query_typed_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await?;
        Ok(row.get(0))
    };
    let (bob, ours, other) = ("bob:hunter2", "db.example", "other.example");
    let root = format!("sslrootcert={}", place.folder().join("ca.pem").display());

    for options in ["", "sslmode=prefer", "sslmode=require"] {
        assert!(encrypted(bob, other, options).await.unwrap(), "{options}: nothing is verified");
    }
    for mode in ["require", "verify-ca"] {
        assert!(
            encrypted(bob, other, &format!("sslmode={mode}&{root}")).await.unwrap(),
            "{mode}: the chain is verified"
        );
        let error = encrypted(bob, other, &format!("sslmode={mode}&sslrootcert=system")).await.unwrap_err();
        assert_eq!(error.code(), "database_tls", "{mode}: the machine does not trust the test's authority");
    }
    assert!(encrypted(bob, ours, &format!("sslmode=verify-full&{root}")).await.unwrap());
    let error = encrypted(bob, other, &format!("sslmode=verify-full&{root}")).await.unwrap_err();
    assert_eq!(error.code(), "database_tls", "the certificate is for another host");

    let error = encrypted(bob, ours, "sslmode=disable").await.unwrap_err();
    assert_eq!(error.server().unwrap().sqlstate(), Some("28000"), "the server requires encryption");
    let error = encrypted("bob:wrong", ours, "sslmode=require").await.unwrap_err();
    assert_eq!((error.code(), error.is_unreachable()), ("database_unreachable", true));
    assert!(error.hint().unwrap().contains("password"), "{:?}", error.hint());

    let [certificate, key] = ["carol.pem", "carol.key"].map(|name| place.folder().join(name));
    let carols = format!("sslmode=require&sslcert={}&sslkey={}", certificate.display(), key.display());
    assert!(encrypted("carol", ours, &carols).await.unwrap());
    assert!(encrypted("carol", ours, "sslmode=require").await.is_err());
    let half = format!("sslmode=require&sslcert={}", certificate.display());
    assert_eq!(encrypted("carol", ours, &half).await.unwrap_err().code(), "database_tls");

    supabase_projects_are_verified(&place.folder().join("ca.pem").display().to_string()).await;
}

/// The direct connection of a project, with its name but this server's address.
async fn supabase_projects_are_verified(root: &str) {
    let user = async |project: &str, password: &str, root: &str| -> Result<String> {
        let choice = configured(None, &|name| match name {
            "SUPABASE_URL" => Ok(format!("https://{project}.supabase.co")),
            "SUPABASE_DB_PASSWORD" => Ok(password.to_owned()),
            "PGSSLROOTCERT" => Ok(root.to_owned()),
            _ => Err(VarError::NotPresent),
        })?;
        let Some(Target::Url(url)) = choice.map(|choice| choice.target) else { panic!("no URL") };
        let target = Target::Url(format!("{url}&hostaddr={ADDRESS}"));
        let database = Database::open(target, OpenOptions::default()).await?;
        let row = database.client().await?.query_typed_one("select current_user::text", &[]).await?;
        Ok(row.get(0))
    };
    assert_eq!(user("abc", PASSWORD, root).await.unwrap(), "postgres");
    let error = user("abc", "wrong", root).await.unwrap_err();
    assert_eq!(error.server().unwrap().sqlstate(), Some("28P01"));
    let error = user("other", PASSWORD, root).await.unwrap_err();
    assert_eq!(error.code(), "database_tls", "the certificate is for another project");
    let error = user("abc", PASSWORD, "").await.unwrap_err();
    assert_eq!(error.code(), "database_tls", "the machine does not trust the test's authority");
    assert!(error.hint().unwrap().contains("PGSSLROOTCERT"), "{:?}", error.hint());
}
