//! JWTs of an identity provider, as callers present them.

use axum::{body::Body, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as URL};
use forebay_engine::{
    clock,
    jwt::{JwtKeys, JwtSettings, JwtVerifier},
};
use forebay_server::Admission;
use ring::hmac;
use serde_json::json;

use crate::stage::{Answer, Stage, get};

const SECRET: &str = "a secret of at least thirty-two bytes, for these tests";

async fn stage(keys: JwtKeys) -> Stage {
    let settings = JwtSettings {
        keys,
        issuer: "https://id.example.org".to_owned(),
        audience: "authenticated".to_owned(),
        role_claim: JwtSettings::ROLE_CLAIM.to_owned(),
        roles: JwtSettings::default_roles(),
    };
    let jwt = Some(JwtVerifier::new(settings).unwrap());
    Stage::build(false, Admission { jwt, ..Admission::default() }).await
}

/// A token of somebody with a role, that expires after these seconds.
fn token(role: &str, seconds: i64) -> String {
    let claims = json!({
        "iss": "https://id.example.org", "aud": "authenticated", "sub": "ada@example.org",
        "exp": clock::now().as_second() + seconds, "app_metadata": { "role": role },
    });
    let text = format!("{}.{}", URL.encode(r#"{"alg":"HS256"}"#), URL.encode(claims.to_string()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes());
    format!("{text}.{}", URL.encode(signature))
}

async fn with(stage: &Stage, path: &str, token: &str) -> Answer {
    let request = get(path).header("authorization", format!("Bearer {token}"));
    stage.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_jwt_opens_what_its_role_permits() {
    let stage = stage(JwtKeys::Secret(SECRET.to_owned())).await;
    assert_eq!(stage.get("/v1/runs").await.status, StatusCode::UNAUTHORIZED);
    let viewer = token("viewer", 600);
    assert_eq!(with(&stage, "/v1/runs", &viewer).await.status, StatusCode::OK);
    let page = with(&stage, "/", &viewer).await;
    assert!(page.text().contains("ada@example.org · viewer"), "{}", page.text());
    let refused = with(&stage, "/handoffs/retry", &viewer).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(with(&stage, "/handoffs/retry", &token("operator", 600)).await.status, StatusCode::OK);
    for token in
        [token("authenticated", 600), token("admin", -600), token("ingest", 600), format!("{viewer}x")]
    {
        let answer = with(&stage, "/v1/runs", &token).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (StatusCode::UNAUTHORIZED, Some("token_refused"))
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_not_the_fault_of_the_caller() {
    let url = "http://127.0.0.1:1/keys".parse().unwrap();
    let stage = stage(JwtKeys::JwksUrl(url)).await;
    for _ in 0..20 {
        let answer = with(&stage, "/v1/runs", &token("admin", 600)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
        assert_eq!(
            (answer.header("retry-after"), answer.json()["code"].as_str()),
            ("2", Some("jwt_keys_unavailable"))
        );
    }
}
