//! Chaos for a few seconds: workers killed, connections cut and Postgres crashed while changes come in, and nothing
//! lost. Longer is `forebay bench chaos --seconds 600`.

use crate::Sandbox;

#[test]
fn a_few_seconds_of_chaos_lose_nothing() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("bench chaos --seconds 6 --changes 300 --workers 2 --output json");
    // A database of the user's is never touched: this one could not be.
    command.env("FOREBAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    let output = command.output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", crate::shown(&output)));
    assert_eq!(output.status.code(), Some(0), "{document}");
    assert_eq!(document["holds"], true, "{document}");
    for done in ["num_kills", "num_crashes", "num_cuts", "num_changes", "num_writes", "num_deliveries"] {
        assert!(document[done].as_u64().unwrap() > 0, "{done}: {document}");
    }
    assert_eq!(document["checks"].as_array().unwrap().len(), 9);
    assert!(document["checks"].as_array().unwrap().iter().all(|check| check["found"] == 0), "{document}");
}
