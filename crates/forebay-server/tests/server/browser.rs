//! A person's walk through the dashboard in a real browser: Debian's chromium, driven by playwright-core.
//!
//! `scripts/parts.sh` installs both; without them the test says that it was skipped. With `SCREENSHOTS=FOLDER`, it
//! also writes a picture of each page at both widths.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use forebay_domain::access::Role;
use forebay_server::Limits;
use tokio::process::Command;

use crate::stage::Stage;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test(flavor = "multi_thread")]
async fn a_person_finds_what_is_wrong_decides_and_retries() {
    let modules = Path::new(FOLDER).join("../../target/parts/playwright/node_modules");
    let chromium = PathBuf::from("/usr/bin/chromium");
    if !chromium.exists() || !modules.join("@axe-core/playwright").exists() {
        eprintln!("SKIPPED: scripts/parts.sh installs playwright-core, @axe-core/playwright and Chromium");
        return;
    }
    let stage = Stage::locked(true).await;
    let (operator, viewer) = (stage.token(Role::Operator, None).await, stage.token(Role::Viewer, None).await);
    let (address, serving) = stage.listen(Limits::default()).await;
    let output = Command::new("node")
        .arg(Path::new(FOLDER).join("tests/server/browser/walk.mjs"))
        .env("SERVER", format!("http://{address}"))
        .env("CHROMIUM", &chromium)
        .env("OPERATOR", operator)
        .env("VIEWER", viewer)
        .env("MODULES", modules.canonicalize().unwrap())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    stage.stopping.cancel();
    serving.await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}
