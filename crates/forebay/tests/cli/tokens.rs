//! Tokens of the API: shown once, stored as hashes, refused once they are revoked or expired.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
};

#[test]
fn a_token_is_shown_once_and_its_hash_is_all_that_is_stored() {
    let (sandbox, db) = (Sandbox::new(), database());
    let line = "tokens create --role operator --name on-call --expires 90d --reason a-new-shift";
    let (exit, created) = db.json(&sandbox, line);
    assert_eq!(exit, 0, "{created}");
    let secret = created["secret"].as_str().unwrap();
    assert!(secret.starts_with("fby_") && secret.len() == 53, "{secret}");
    let stored = "select encode(token_hash, 'hex') = encode(sha256(convert_to('SECRET', 'UTF8')), 'hex') \
         from forebay.api_tokens";
    assert_eq!(db.value(&stored.replace("SECRET", secret)), "true");
    for table in ["api_tokens", "operator_actions"] {
        let is_in =
            format!("select count(*) from forebay.{table} as t where t::text like '%{}%'", &secret[4..20]);
        assert_eq!(db.value(&is_in), "0", "{table}");
    }
    let (_, text) = db.text(&sandbox, "tokens list");
    assert!(text.contains("on-call") && !text.contains("fby_"), "{text}");

    let (exit, taken) = db.json(&sandbox, "tokens create --role viewer --name on-call");
    assert_eq!((exit, &taken["error"]["code"]), (2, &json!("token_name_taken")), "{taken}");
    let (exit, revoked) = db.json(&sandbox, "tokens revoke on-call");
    assert_eq!((exit, revoked["revoked_at"].is_string()), (0, true), "{revoked}");
    let (exit, again) = db.json(&sandbox, "tokens revoke on-call");
    assert_eq!((exit, &again["error"]["code"]), (2, &json!("no_such_token")));
    // Its name is free, and it can be named by its number.
    let (_, second) = db.json(&sandbox, "tokens create --role viewer --name on-call");
    let id = second["token"]["token_id"].as_i64().unwrap();
    assert_eq!(db.json(&sandbox, &format!("tokens revoke {id}")).0, 0);
    let (_, trail) = db.json(&sandbox, "actions");
    let actions: Vec<&Value> =
        trail["items"].as_array().unwrap().iter().map(|item| &item["action"]).collect();
    assert_eq!(actions, ["token_revoked", "token_created", "token_revoked", "token_created"]);
    assert_eq!(trail["items"][3]["reason"], "a-new-shift");
    assert_eq!(trail["items"][3]["parameters"]["role"], "operator");
}

#[test]
fn a_token_for_ingest_names_sources_that_exist() {
    let (sandbox, db) = (Sandbox::new(), database());
    let code = |line: &str| {
        let (exit, document) = db.json(&sandbox, line);
        (exit, document["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code("tokens create --role ingest"), (2, "token_needs_source".to_owned()));
    assert_eq!(code("tokens create --role ingest --source corses"), (2, "no_such_source".to_owned()));
    assert_eq!(code("tokens create --role viewer --expires 2020-01-01"), (2, "token_expiry_past".to_owned()));
    assert_eq!(db.value("select count(*) from forebay.api_tokens"), "0");
    let file = write_records(&sandbox, "one.jsonl", [json!({"id": 1})]);
    assert!(db.run(&sandbox, &format!("persist {file} --source courses --key id")).status.success());
    let (exit, created) = db.json(&sandbox, "tokens create --role ingest --source courses");
    assert_eq!((exit, &created["token"]["sources"]), (0, &json!(["courses"])));
    assert!(created["token"]["name"].as_str().unwrap().starts_with("ingest-"), "{created}");
}
