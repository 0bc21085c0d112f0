//! `forebay completions` knows every command, in all common shells.

use crate::Sandbox;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = sandbox.command(&format!("completions {shell}")).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["persist", "handoffs", "rekey", "observed-at"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn json_holds_the_same_script() {
    let sandbox = Sandbox::new();
    let plain = sandbox.command("completions fish").output().unwrap().stdout;
    let json = sandbox.command("completions fish --output json").output().unwrap().stdout;
    let document: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(document["shell"], "fish");
    assert_eq!(document["script"].as_str().unwrap().trim_end(), String::from_utf8(plain).unwrap().trim_end());
}
