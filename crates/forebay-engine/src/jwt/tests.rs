//! Tokens that are accepted, and every way to be refused.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use axum::{Json, Router, http::StatusCode, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as URL};
use forebay_domain::access::{Permission, Role};
use jiff::{SignedDuration, Timestamp};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Mutex};

use super::*;

const SECRET: &str = "a secret of at least thirty-two bytes, for these tests";
/// A made-up key.
const RSA: &[u8] = include_bytes!("test_rsa.pk8");

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn settings(keys: JwtKeys) -> JwtSettings {
    JwtSettings {
        keys,
        issuer: "https://id.example.org/auth/v1".to_owned(),
        audience: "authenticated".to_owned(),
        role_claim: JwtSettings::ROLE_CLAIM.to_owned(),
        roles: JwtSettings::default_roles(),
    }
}

fn by_secret() -> JwtVerifier {
    JwtVerifier::new(settings(JwtKeys::Secret(SECRET.to_owned()))).unwrap()
}

/// What Supabase says about an admin.
fn claims() -> Value {
    json!({
        "iss": "https://id.example.org/auth/v1",
        "aud": "authenticated",
        "sub": "8a5c2a5e",
        "exp": now().as_second() + 600,
        "role": "authenticated",
        "app_metadata": { "provider": "email", "role": "admin" },
        "user_metadata": { "role": "admin" },
    })
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", URL.encode(header.to_string()), URL.encode(claims.to_string()));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", URL.encode(signature))
}

fn hs256(secret: &[u8], claims: &Value) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), claims, |text| hmac::sign(&key, text).as_ref().to_vec())
}

#[tokio::test]
async fn a_token_of_the_provider_gives_its_role() {
    let principal = by_secret().verify_at(&hs256(SECRET.as_bytes(), &claims()), now()).await.unwrap();
    assert_eq!(
        (principal.name.as_str(), principal.role, &principal.sources),
        ("8a5c2a5e", Role::Admin, &None)
    );
    assert!(principal.may(Permission::Administer, None));
    let mut several = claims();
    several["aud"] = json!(["other", "authenticated"]);
    several["nbf"] = json!(now().as_second());
    several["app_metadata"]["role"] = json!("viewer");
    let principal = by_secret().verify_at(&hs256(SECRET.as_bytes(), &several), now()).await.unwrap();
    assert_eq!(principal.role, Role::Viewer);
}

#[tokio::test]
async fn claims_that_are_missing_wrong_or_of_another_type_are_refused() {
    let (absent, past) = (Value::Null, json!(now().as_second() - 31));
    for (claim, value, expected) in [
        ("/exp", absent.clone(), JwtRefusal::Time),
        ("/exp", past, JwtRefusal::Time),
        ("/exp", json!("4102444800"), JwtRefusal::Time),
        ("/nbf", json!(now().as_second() + 31), JwtRefusal::Time),
        ("/nbf", json!("0"), JwtRefusal::Time),
        ("/iss", absent.clone(), JwtRefusal::Issuer),
        ("/iss", json!("https://id.example.org/auth/v1/"), JwtRefusal::Issuer),
        ("/aud", absent.clone(), JwtRefusal::Audience),
        ("/aud", json!("authenticated2"), JwtRefusal::Audience),
        ("/aud", json!([]), JwtRefusal::Audience),
        ("/sub", absent.clone(), JwtRefusal::Subject),
        ("/sub", json!(""), JwtRefusal::Subject),
        // What a user can write itself does not count, and neither does the role in the database.
        ("/app_metadata", absent.clone(), JwtRefusal::Role),
        ("/app_metadata/role", json!("authenticated"), JwtRefusal::Role),
        ("/app_metadata/role", json!("ingest"), JwtRefusal::Role),
        ("/app_metadata/role", json!(["admin"]), JwtRefusal::Role),
    ] {
        let mut claims = claims();
        if claim == "/nbf" {
            claims["nbf"] = json!(0);
        }
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(&claim[1..]);
        } else {
            *claims.pointer_mut(claim).unwrap() = value.clone();
        }
        let refused = by_secret().verify_at(&hs256(SECRET.as_bytes(), &claims), now()).await;
        assert_eq!(refused, Err(expected), "{claim} = {value}");
    }
}

#[tokio::test]
async fn forged_and_broken_tokens_are_refused() {
    let good = hs256(SECRET.as_bytes(), &claims());
    let unsigned = signed(&json!({ "alg": "none" }), &claims(), |_| Vec::new());
    let critical = signed(&json!({ "alg": "HS256", "crit": ["exp"] }), &claims(), |_| vec![0; 32]);
    let other = hs256(b"another secret", &claims());
    let mut changed = claims();
    changed["sub"] = json!("somebody else");
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    parts[1] = URL.encode(changed.to_string());
    for (token, expected) in [
        (unsigned.as_str(), JwtRefusal::Algorithm),
        (&critical, JwtRefusal::Malformed),
        (&other, JwtRefusal::Signature),
        (&parts.join("."), JwtRefusal::Signature),
        (&good[..good.len() - 1], JwtRefusal::Malformed),
        (&good[..=good.rfind('.').unwrap()], JwtRefusal::Signature),
        (&format!("{good}.x"), JwtRefusal::Malformed),
        (&format!("{good}="), JwtRefusal::Malformed),
        ("", JwtRefusal::Malformed),
        ("..", JwtRefusal::Malformed),
        (&"a".repeat(20_000), JwtRefusal::Malformed),
    ] {
        assert_eq!(by_secret().verify_at(token, now()).await, Err(expected), "{token:.60}");
    }
}

#[test]
fn settings_that_would_open_too_much_are_errors() {
    let secret = || JwtKeys::Secret(SECRET.to_owned());
    let url = |text: &str| JwtKeys::JwksUrl(text.parse().unwrap());
    let with = |keys, role_claim: &str, role: Role| JwtSettings {
        role_claim: role_claim.to_owned(),
        roles: [("a".to_owned(), role)].into(),
        ..settings(keys)
    };
    for (settings, expected) in [
        (settings(JwtKeys::Secret("short".to_owned())), "secret"),
        (settings(url("http://id.example.org/keys")), "jwks_url"),
        (with(secret(), "user_metadata.role", Role::Viewer), "role_claim"),
        (with(secret(), "app_metadata..role", Role::Viewer), "role_claim"),
        (with(secret(), "role", Role::Ingest), "roles"),
        (JwtSettings { roles: [].into(), ..settings(secret()) }, "roles"),
        (JwtSettings { audience: String::new(), ..settings(secret()) }, "audience"),
        (JwtSettings { issuer: String::new(), ..settings(secret()) }, "issuer"),
    ] {
        assert_eq!(JwtVerifier::new(settings).unwrap_err().setting, expected);
    }
    assert!(!format!("{:?}", settings(secret())).contains(SECRET));
}

/// A provider on loopback, whose keys can change and whose requests are counted.
struct Provider {
    keys: Arc<Mutex<Option<Value>>>,
    num_requests: Arc<AtomicU32>,
    verifier: JwtVerifier,
}

impl Provider {
    async fn start(keys: Value) -> Self {
        let (keys, num_requests) = (Arc::new(Mutex::new(Some(keys))), Arc::new(AtomicU32::new(0)));
        let (served, counted) = (Arc::clone(&keys), Arc::clone(&num_requests));
        let answer = move || {
            let (served, counted) = (Arc::clone(&served), Arc::clone(&counted));
            async move {
                counted.fetch_add(1, Relaxed);
                served.lock().await.clone().map(Json).ok_or(StatusCode::BAD_GATEWAY)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let app = Router::new().route("/keys", get(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let verifier = JwtVerifier::new(settings(JwtKeys::JwksUrl(url.parse().unwrap()))).unwrap();
        Self { keys, num_requests, verifier }
    }

    async fn role(&self, token: &str, seconds: i64) -> Result<Role, JwtRefusal> {
        let at = now() + SignedDuration::from_secs(seconds);
        self.verifier.verify_at(token, at).await.map(|principal| principal.role)
    }

    fn num_requests(&self) -> u32 {
        self.num_requests.load(Relaxed)
    }
}

struct Signer {
    kid: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { kid, pair: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap() }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "alg": "ES256",
            "x": URL.encode(&point[1..33]), "y": URL.encode(&point[33..]) })
    }

    fn token(&self) -> String {
        let mut long = claims();
        long["exp"] = json!(now().as_second() + 100_000);
        signed(&json!({ "alg": "ES256", "kid": self.kid }), &long, |text| {
            self.pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
        })
    }
}

#[tokio::test]
async fn new_keys_are_fetched_when_they_are_first_used_and_not_more_often() {
    let (old, new, forged) = (Signer::new("old"), Signer::new("new"), Signer::new("old"));
    let provider = Provider::start(json!({ "keys": [old.public(), { "kty": "unknown" }] })).await;
    for _ in 0..3 {
        assert_eq!(provider.role(&old.token(), 0).await, Ok(Role::Admin));
    }
    assert_eq!(provider.num_requests(), 1);
    assert_eq!(provider.role(&forged.token(), 0).await, Err(JwtRefusal::Signature));
    // Made-up ids don't reach the provider until half a minute has passed.
    for _ in 0..20 {
        assert_eq!(provider.role(&new.token(), 10).await, Err(JwtRefusal::UnknownKey));
    }
    assert_eq!(provider.num_requests(), 1);
    *provider.keys.lock().await = Some(json!({ "keys": [new.public()] }));
    assert_eq!(provider.role(&new.token(), 31).await, Ok(Role::Admin));
    assert_eq!(provider.role(&old.token(), 32).await, Err(JwtRefusal::UnknownKey), "it was withdrawn");
    assert_eq!(provider.num_requests(), 2);
    // While the provider is down, its keys are used for an hour.
    *provider.keys.lock().await = None;
    assert_eq!(provider.role(&new.token(), 1_000).await, Ok(Role::Admin));
    assert_eq!(provider.num_requests(), 3);
    assert_eq!(provider.role(&new.token(), 3_700).await, Err(JwtRefusal::KeysUnavailable));
}

#[tokio::test]
async fn a_key_is_good_for_its_own_algorithm_only() {
    let pair = RsaKeyPair::from_pkcs8(RSA).unwrap();
    let public = pair.public();
    let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(public);
    let key = json!({ "kty": "RSA", "kid": "rsa", "n": URL.encode(&n), "e": URL.encode(e) });
    let provider = Provider::start(json!({ "keys": [key] })).await;
    let by_rsa = |header: &Value| {
        signed(header, &claims(), |text| {
            let mut signature = vec![0; public.modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
            signature
        })
    };
    assert_eq!(provider.role(&by_rsa(&json!({ "alg": "RS256", "kid": "rsa" })), 0).await, Ok(Role::Admin));
    // A set with one key needs no id.
    assert_eq!(provider.role(&by_rsa(&json!({ "alg": "RS256" })), 0).await, Ok(Role::Admin));
    for alg in ["none", "RS384", "ES256", "rs256"] {
        let token = by_rsa(&json!({ "alg": alg, "kid": "rsa" }));
        assert_eq!(provider.role(&token, 0).await, Err(JwtRefusal::Algorithm), "{alg}");
    }
    // The public key as the secret of HS256.
    assert_eq!(provider.role(&hs256(&n, &claims()), 0).await, Err(JwtRefusal::Algorithm));
    let token = signed(&json!({ "alg": "RS256", "kid": "rsa" }), &claims(), |_| vec![0; 256]);
    assert_eq!(provider.role(&token, 0).await, Err(JwtRefusal::Signature));
}
