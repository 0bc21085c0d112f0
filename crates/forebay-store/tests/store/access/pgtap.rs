//! The policies as pgTAP tests, which `pg_prove` runs. Skipped if `scripts/parts.sh` has not installed them.

use std::{path::Path, process::Command};

use tokio_postgres::config::Host;

use super::seeds;

#[tokio::test]
async fn pg_prove_finds_the_policies_as_they_should_be() {
    let lab = seeds::planted("pgtap").await;
    let extension = "select exists (select from pg_available_extensions where name = 'pgtap')::text";
    let is_installed = Command::new("pg_prove").arg("--version").output().is_ok();
    if !is_installed || lab.text(extension).await != "true" {
        eprintln!("skipped: run scripts/parts.sh to install pgTAP and pg_prove");
        return lab.close().await;
    }
    lab.admin.batch_execute("create extension pgtap schema public").await.unwrap();
    let config = lab.config();
    let [Host::Unix(folder)] = config.get_hosts() else { panic!("{config:?}") };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pgtap/policies.sql");
    let mut command = Command::new("pg_prove");
    command.args(["--verbose", "--username", config.get_user().unwrap(), "--dbname", &lab.name, "--host"]);
    let output = command.arg(folder).arg(file).env_remove("PGOPTIONS").output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Result: PASS"), "{said}");
    lab.close().await;
}
