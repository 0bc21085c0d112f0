//! The files in `deploy/` name commands, options and variables that exist, and pass the checks of their own tools.
//!
//! `scripts/parts.sh` installs hadolint and kubernetes-validate; what is missing is said to be skipped.

use std::{fs, path::PathBuf, process::Command};

use saphyr_parser::Parser;

use crate::{Sandbox, parts::part};

const FILES: [&str; 4] = ["Dockerfile", "compose.yaml", "forebay.service", "kubernetes.yaml"];

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap()
}

/// The arguments of the program in a line of a file.
fn arguments(line: &str) -> Option<String> {
    for start in ["CMD [", "command: [", "args: [", "\"args\": ["] {
        let Some((_, rest)) = line.split_once(start) else { continue };
        let list = rest.split(']').next()?;
        let words: Vec<&str> = list.split(',').map(|word| word.trim().trim_matches('"')).collect();
        // The checks of health run other programs.
        return (!matches!(words[0], "bash" | "CMD")).then(|| words.join(" "));
    }
    for start in ["ExecStart=/usr/local/bin/forebay ", "run --rm forebay ", "`forebay "] {
        let Some((_, rest)) = line.split_once(start) else { continue };
        return Some(rest.split(['#', '`']).next()?.trim().to_owned());
    }
    None
}

/// Runs a check, which must succeed. False: its program isn't installed.
fn passes(command: &mut Command) -> bool {
    let Ok(output) = command.output() else { return false };
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    true
}

#[test]
fn their_commands_exist() {
    let sandbox = Sandbox::new();
    for file in FILES {
        let text = text(file);
        let found: Vec<String> = text.lines().filter_map(arguments).collect();
        assert!(!found.is_empty(), "{file} has no command");
        for line in found {
            let output = sandbox.run(&format!("{line} --help"));
            assert!(output.starts_with("exit code: 0"), "{file}: forebay {line}\n{output}");
        }
    }
}

#[test]
fn their_variables_exist() {
    let known = include_str!("../../../../docs/reference/environment.md");
    for file in FILES {
        let text = text(file);
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        for variable in words.filter(|word| word.starts_with("FOREBAY_")) {
            assert!(known.contains(&format!("`{variable}`")), "{file} names {variable}");
        }
    }
}

#[test]
fn they_are_valid_yaml() {
    for file in ["compose.yaml", "kubernetes.yaml", "prometheus/alerts.yml", "prometheus/alerts_test.yml"] {
        let text = text(file);
        for event in Parser::new_from_str(&text) {
            event.unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }
}

#[test]
fn systemd_accepts_the_unit_and_its_hardening() {
    let sandbox = Sandbox::new();
    let unit = sandbox.path().join("forebay.service");
    let program = env!("CARGO_BIN_EXE_forebay");
    fs::write(&unit, text("forebay.service").replace("/usr/local/bin/forebay", program)).unwrap();
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--offline=true", "--threshold=20", "--no-pager"]).arg(&unit);
    if !passes(Command::new("systemd-analyze").arg("verify").arg(&unit)) || !passes(&mut security) {
        eprintln!("SKIPPED: systemd-analyze isn't installed");
    }
}

#[test]
fn the_linters_of_images_and_manifests_accept_them() {
    let validate = part("kubernetes-validate/bin/kubernetes-validate");
    if !passes(Command::new(part("hadolint/bin/hadolint")).arg(path("Dockerfile")))
        || !passes(Command::new(validate).arg("--strict").arg(path("kubernetes.yaml")))
    {
        eprintln!("SKIPPED: scripts/parts.sh installs hadolint and kubernetes-validate");
    }
}
