//! A small OpenID Connect provider on loopback: discovery, keys, authorization code with PKCE; signs in whom it is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gapura_controller::door::{Door, Patience, accept};
use gapura_runtime::Tasks;
use http::{HeaderMap, StatusCode, header};
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::form::Fields;

pub(super) const SECRET: &str = "rahasia klien";

/// What the provider does next.
#[derive(Clone, Debug)]
pub(super) struct Will {
    /// Whom it signs in.
    pub(super) subject: String,
    /// When they signed in there, seconds.
    pub(super) auth_time: i64,
    /// Now, seconds.
    pub(super) now: i64,
    /// Signs with RSA, else with an elliptic curve.
    pub(super) rsa: bool,
}

struct Inner {
    issuer: String,
    will: Mutex<Will>,
    codes: Mutex<BTreeMap<String, (Fields, Will)>>,
    curve: EcdsaKeyPair,
    rsa: rsa::KeyPair,
}

/// A running provider.
#[derive(Clone)]
pub(super) struct Provider {
    inner: Arc<Inner>,
    pub(super) address: std::net::SocketAddr,
    pub(super) certificate: PathBuf,
    pub(super) secret: PathBuf,
}

fn rsa_key() -> rsa::KeyPair {
    // A key of no use but here.
    let pem = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("rsa.pem")).unwrap();
    rsa::KeyPair::from_pkcs8(pem.secret_pkcs8_der()).unwrap()
}

impl Provider {
    pub(super) async fn start(folder: &Path, tasks: &Tasks) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, secret) = (folder.join("provider.pem"), folder.join("client.secret"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let will = Will { subject: "nobody".to_owned(), auth_time: 0, now: 0, rsa: false };
        let inner = Arc::new(Inner {
            issuer: format!("https://localhost:{}", address.port()),
            will: Mutex::new(will),
            codes: Mutex::default(),
            curve,
            rsa: rsa_key(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(inner.clone());
        let door = Door {
            tls: TlsAcceptor::from(Arc::new(tls)),
            router,
            tasks: tasks.clone(),
            places: Arc::new(Semaphore::new(16)),
            strangers: None,
            crowd: None,
            patience: Patience { pause: Duration::from_mins(1), rate: 1024 },
        };
        tasks.spawn("provider", accept(listener, door));
        Self { inner, address, certificate, secret }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    pub(super) fn will(&self, will: Will) {
        *self.inner.will.lock().unwrap() = will;
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", inner.issuer);
    Json(json!({
        "issuer": inner.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"), "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
    }))
}

async fn jwks(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let point = inner.curve.public_key().as_ref();
    let public = inner.rsa.public();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let components = rsa::PublicKeyComponents::<Vec<u8>>::from(public);
    Json(json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "x": text(&point[1..33]), "y": text(&point[33..]) },
        { "kty": "RSA", "kid": "rsa", "use": "sig", "n": text(&components.n), "e": text(&components.e) },
    ] }))
}

/// The person is signed in at the provider already: the browser goes straight back.
async fn authorize(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery) -> Response {
    let asked = Fields::read(query.unwrap_or_default().as_bytes());
    if asked.get("response_type") != "code" || asked.get("code_challenge_method") != "S256" {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut codes = inner.codes.lock().unwrap();
    let code = format!("code-{}", codes.len());
    let place = format!("{}?code={code}&state={}", asked.get("redirect_uri"), asked.get("state"));
    codes.insert(code, (asked, inner.will.lock().unwrap().clone()));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

async fn token(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Fields::read(&body);
    let login = format!("Basic {}", STANDARD.encode("gapura:rahasia+klien"));
    let Some((asked, will)) = inner.codes.lock().unwrap().remove(form.get("code")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")));
    let good = headers[header::AUTHORIZATION] == login
        && form.get("grant_type") == "authorization_code"
        && form.get("redirect_uri") == asked.get("redirect_uri")
        && challenge == asked.get("code_challenge");
    if !good {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let claims = json!({
        "iss": inner.issuer, "aud": asked.get("client_id"), "sub": "x", "nip": will.subject, "iat": will.now,
        "exp": will.now + 300, "nonce": asked.get("nonce"), "auth_time": will.auth_time,
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let random = SystemRandom::new();
    let (head, kid) = if will.rsa { ("RS256", "rsa") } else { ("ES256", "ec") };
    let signed = format!("{}.{}", part(json!({ "alg": head, "kid": kid })), part(claims));
    let signature = if will.rsa {
        let mut signature = vec![0; inner.rsa.public().modulus_len()];
        inner.rsa.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        signature
    } else {
        inner.curve.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
    };
    let id_token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token })).into_response()
}
