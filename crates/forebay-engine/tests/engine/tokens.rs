//! Verifying tokens: who presents them, why they are refused, and what is recorded about their use.

use forebay_domain::access::{Permission, Role};
use forebay_engine::tokens::{self, CreatedToken, Existing, Refusal, TokenRequest};
use forebay_store::{connect::Database, testing};

async fn create(database: &Database, request: TokenRequest) -> CreatedToken {
    tokens::create(database, &request, &crate::operator()).await.unwrap()
}

fn request(role: Role) -> TokenRequest {
    TokenRequest { name: None, role, sources: None, expires_at: None }
}

#[tokio::test]
async fn a_token_gives_its_role_until_it_is_revoked_or_expires() {
    let test = testing::database().await;
    let (database, client) = (test.open().await, test.client().await);
    let verify = async |text: &str| tokens::verify(&database, text, Some("192.0.2.7")).await.unwrap();
    let created = create(&database, request(Role::Operator)).await;
    let principal = verify(&created.secret).await.unwrap();
    assert_eq!((&principal.name, principal.role), (&created.row.name, Role::Operator));
    assert!(principal.may(Permission::Operate, None) && !principal.may(Permission::Administer, None));

    // One of another installation, and a typo, which is told without the database.
    let elsewhere = testing::database().await;
    let other = create(&elsewhere.open().await, request(Role::Admin)).await;
    assert_eq!(verify(&other.secret).await, Err(Refusal::Unknown));
    assert_eq!(verify(&created.secret.replace("fby_", "fbz_")).await, Err(Refusal::Malformed));
    assert_eq!(verify("").await, Err(Refusal::Malformed));

    tokens::revoke(&database, &created.row.name, &crate::operator()).await.unwrap();
    assert_eq!(verify(&created.secret).await, Err(Refusal::Revoked));
    let short = create(&database, request(Role::Viewer)).await;
    assert!(verify(&short.secret).await.is_ok());
    let expire = "update forebay.api_tokens set expires_at = now() - interval '1 second'";
    client.batch_execute(expire).await.unwrap();
    assert_eq!(verify(&short.secret).await, Err(Refusal::Expired));
}

#[tokio::test]
async fn an_expired_token_exists_and_a_revoked_one_does_not() {
    let test = testing::database().await;
    let (database, client) = (test.open().await, test.client().await);
    let existing = async || tokens::existing(&database).await.unwrap();
    assert_eq!(existing().await, Existing::None);
    let created = create(&database, request(Role::Viewer)).await;
    assert_eq!(existing().await, Existing::Valid);
    client.batch_execute("update forebay.api_tokens set expires_at = now()").await.unwrap();
    assert_eq!(existing().await, Existing::Expired);
    let second = create(&database, request(Role::Operator)).await;
    assert_eq!(existing().await, Existing::Valid);
    for token in [created, second] {
        tokens::revoke(&database, &token.row.name, &crate::operator()).await.unwrap();
    }
    assert_eq!(existing().await, Existing::None);
}

#[tokio::test]
async fn a_token_for_ingest_is_good_for_its_sources_only() {
    let test = testing::database().await;
    let (database, client) = (test.open().await, test.client().await);
    let sources = "insert into forebay.sources (name, entity_type, key_fields)
        values ('courses', 'course', '{id}'), ('events', 'event', '{id}')";
    client.batch_execute(sources).await.unwrap();
    let only = TokenRequest { sources: Some(vec!["courses".to_owned()]), ..request(Role::Ingest) };
    let secret = create(&database, only).await.secret;
    let principal = tokens::verify(&database, &secret, None).await.unwrap().unwrap();
    let may = |source| principal.may(Permission::Persist, source);
    assert_eq!([may(Some("courses")), may(Some("events")), may(None)], [true, false, false]);
}

#[tokio::test]
async fn a_use_is_written_once_a_minute() {
    let test = testing::database().await;
    let (database, client) = (test.open().await, test.client().await);
    let secret = create(&database, request(Role::Viewer)).await.secret;
    let version = async || {
        let row =
            client.query_one("select xmin::text, last_used_from from forebay.api_tokens", &[]).await.unwrap();
        (row.get::<_, String>(0), row.get::<_, Option<String>>(1))
    };
    let before = version().await;
    tokens::verify(&database, &secret, Some("192.0.2.7")).await.unwrap().unwrap();
    let used = version().await;
    assert_ne!(used.0, before.0);
    assert_eq!(used.1.as_deref(), Some("192.0.2.7"));
    for _ in 0..5 {
        tokens::verify(&database, &secret, Some("192.0.2.8")).await.unwrap().unwrap();
    }
    assert_eq!(version().await, used, "nothing is written again");
    client
        .batch_execute("update forebay.api_tokens set last_used_at = now() - interval '61 seconds'")
        .await
        .unwrap();
    tokens::verify(&database, &secret, Some("192.0.2.8")).await.unwrap().unwrap();
    assert_eq!(version().await.1.as_deref(), Some("192.0.2.8"));
}
