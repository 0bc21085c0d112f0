//! The Python package: its own tests against the real program and a database, and its types.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{database::database, shown};

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python").canonicalize().unwrap()
}

fn is_there(program: &Path) -> bool {
    let tried = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

#[test]
fn the_package_passes_its_tests() {
    let python = Path::new("python3");
    if !is_there(python) {
        eprintln!("skipped: there is no python3");
        return;
    }
    let db = database();
    let mut tests = Command::new(python);
    tests.args(["-m", "unittest", "discover", "--start-directory", "tests"]).current_dir(package());
    tests.env("PYTHONPATH", package().join("src")).env("PYTHONDONTWRITEBYTECODE", "1");
    tests.env("FOREBAY_BIN", env!("CARGO_BIN_EXE_forebay")).env("FOREBAY_TEST_DATABASE_URL", &db.url);
    let output = tests.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("Ran ") && !text.contains("Ran 0 tests"), "{text}");
}

#[test]
fn the_package_is_fully_typed() {
    let installed = package().join("../target/python/bin/mypy");
    let mypy = if installed.exists() { installed.as_path() } else { Path::new("mypy") };
    if !is_there(mypy) {
        eprintln!("skipped: there is no mypy; `scripts/python.sh` installs it");
        return;
    }
    let mut check = Command::new(mypy);
    check.args(["--strict", "--no-error-summary", "--cache-dir=/dev/null", "src", "tests"]);
    let output = check.current_dir(package()).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
}
