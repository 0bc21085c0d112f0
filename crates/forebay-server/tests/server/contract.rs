//! The whole API against its own description: `schemathesis` makes up requests from the document, right ones and wrong
//! ones, and checks each response.
//!
//! `scripts/parts.sh` installs it; without it, the test says that it was skipped.

use std::{path::Path, process::Stdio};

use forebay_domain::access::Role;
use forebay_server::Limits;
use tokio::process::Command;

use crate::stage::Stage;

/// The checks: no server error, and no response that the document doesn't describe.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

#[tokio::test(flavor = "multi_thread")]
async fn every_response_is_as_the_document_says() {
    let program =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts/schemathesis/bin/schemathesis");
    if !program.exists() {
        eprintln!("SKIPPED: scripts/parts.sh installs schemathesis");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::locked(true).await;
    let token = stage.token(Role::Admin, None).await;
    let (address, serving) = stage.listen(Limits::default()).await;
    let output = Command::new(program.canonicalize().unwrap())
        .current_dir(folder.path())
        .args(["run", &format!("http://{address}/v1/openapi.json"), "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--max-time", "60"])
        .args(["--generation-deterministic", "--no-shrink", "--workers", "1"])
        .args(["--request-timeout", "20", "--continue-on-failure", "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // It never ends, as its clients want.
        .args(["--exclude-path", "/v1/changes/stream"])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    stage.stopping.cancel();
    serving.await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}
