//! Scopes in SQL have the same text as in the program, and the same limits.

use std::str::FromStr;

use forebay_domain::scope::Scope;
use forebay_store::testing;
use proptest::{
    collection::btree_map,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Map, Value};

#[tokio::test]
async fn scopes_have_the_same_text_in_sql() {
    let database = testing::database().await;
    let client = database.client().await;
    let mut runner = TestRunner::default();
    let pairs = btree_map(
        "[A-Za-z0-9_.-]{1,8}",
        "\\PC{0,12}|[%,=0-9A-F]{0,9}|[a\u{1}\r\n\u{7f}\u{85}]{0,2}|x{255,258}",
        0..5,
    );
    let mut num_refused = 0;
    for _ in 0..500 {
        let pairs = pairs.new_tree(&mut runner).unwrap().current();
        let given: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let object: Map<String, Value> =
            pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        let object = Value::Object(object);
        let text = client.query_one("select forebay.scope_text($1)", &[&object]).await;
        if let Ok(scope) = Scope::parse(&given) {
            let text: String = text.unwrap().get(0);
            assert_eq!(text, scope.to_string(), "{given:?}");
            assert_eq!(Scope::from_str(&text), Ok(scope));
            let back: Value = client.query_one("select forebay.scope_of($1)", &[&text]).await.unwrap().get(0);
            assert_eq!(back, object);
        } else {
            let error = text.expect_err("the program refuses it");
            assert_eq!(error.code().unwrap().code(), "22023", "{given:?}: {error}");
            num_refused += 1;
        }
    }
    assert!((20..450).contains(&num_refused), "{num_refused} scopes were refused");
}

#[tokio::test]
async fn scopes_that_the_program_refuses_are_refused() {
    let database = testing::database().await;
    let client = database.client().await;
    let many: Vec<String> = (0..5).map(|n| format!("\"k{n}\": \"{}\"", "x".repeat(250))).collect();
    let many = format!("{{{}}}", many.join(", "));
    for (object, reason) in [
        (many.as_str(), "takes more than 1024 bytes"),
        ("[]", "object of keys and values"),
        (r#"{"se mester": "x"}"#, "has a key that"),
        (r#"{"": "x"}"#, "has a key that"),
        (r#"{"a": ["x"]}"#, "has a list or an object as the value of a"),
        (r#"{"a": "line\r\nbreak"}"#, "control character, such as a line break, in the value of a"),
    ] {
        let error =
            client.query_one(&format!("select forebay.scope_text('{object}')"), &[]).await.unwrap_err();
        assert!(error.as_db_error().unwrap().message().contains(reason), "{object}: {error:?}");
    }
    let row = client
        .query_one("select forebay.scope_text('{\"year\": 2026, \"open\": true, \"none\": null}')", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "open=true,year=2026");
}
