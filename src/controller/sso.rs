//! The department's identity provider, where there is one: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636). It says
//! who somebody is; nobody is let in who was not added here before.

mod client;
mod token;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gapura_model::{Secret, Uptime, with_causes};
use gapura_runtime::Clock;
use gapura_wire::Sha256;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::SsoSection;
use client::Client;
pub(crate) use token::Claims;
use token::{Key, Wanted, verified};

/// Signing in at the identity provider did not work.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// A file of the configuration.
    #[error("sso: cannot read {0}")]
    File(String, #[source] std::io::Error),
    /// The certificates to trust.
    #[error("sso.trust: {0}")]
    Trust(String),
    /// The provider could not be asked.
    #[error("the identity provider could not be asked: {0}")]
    Asked(String),
    /// It answered something else than what the standard says.
    #[error("the identity provider's answer cannot be used: {0}")]
    Answer(String),
    /// Its token is not to be believed.
    #[error("the identity provider's token is not believed: {0}")]
    Token(&'static str),
}

/// What the provider says of itself (OpenID Connect Discovery 1.0 section 3).
#[derive(Clone, Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
}

/// What the browser keeps, sealed, between going and coming back.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
    /// Where to go afterwards.
    pub(crate) back: String,
    /// When it began, ms.
    pub(crate) begun: i64,
    /// The person was to sign in anew at the provider.
    pub(crate) fresh: bool,
}

/// The provider, its keys, and when they were fetched.
#[derive(Debug)]
struct Known {
    provider: Provider,
    keys: Vec<Key>,
    at: Uptime,
}

/// What is known of the provider is asked for again after this.
const KNOWN: std::time::Duration = std::time::Duration::from_hours(1);
/// For a key that is not known it is asked again at most this often.
const ROTATED: std::time::Duration = std::time::Duration::from_mins(1);
/// After it gave no answer, nobody waits for another before this.
const FAILED: std::time::Duration = std::time::Duration::from_secs(10);
/// Clocks may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The identity provider.
#[derive(Debug)]
pub(crate) struct Sso {
    section: SsoSection,
    secret: Option<Secret<String>>,
    client: Client,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<Known>>,
    /// One asks at a time; it holds when it was asked last without success.
    asking: tokio::sync::Mutex<Option<Uptime>>,
}

impl Sso {
    /// As configured; the provider is not asked yet.
    pub(crate) fn new(section: &SsoSection, clock: Arc<dyn Clock>) -> Result<Self, SsoError> {
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path);
            text.map(|text| Secret::new(text.trim().to_owned()))
                .map_err(|error| SsoError::File(path.display().to_string(), error))
        };
        let secret = section.client_secret_file.as_deref().map(read).transpose()?;
        let client = Client::new(&section.trust, clock.clone())?;
        Ok(Self {
            section: section.clone(),
            secret,
            client,
            clock,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        })
    }

    /// Where to send the browser, and what it keeps meanwhile.
    pub(crate) async fn begin(
        &self,
        random: [[u8; 32]; 3],
        (back, fresh): (&str, bool),
    ) -> Result<(String, Pending), SsoError> {
        let [state, nonce, verifier] = random.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::of(verifier.as_bytes()).as_bytes());
        let endpoint = self.provider(None).await?.authorization_endpoint;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("scope", "openid email profile")
            .append_pair("client_id", &self.section.client_id)
            .append_pair("redirect_uri", &self.section.redirect)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if fresh {
            query.append_pair("max_age", "0");
        }
        let mark = if endpoint.contains('?') { '&' } else { '?' };
        let address = format!("{endpoint}{mark}{}", query.finish());
        let begun = self.clock.now().wall.as_millisecond();
        Ok((address, Pending { state, nonce, verifier, back: back.to_owned(), begun, fresh }))
    }

    /// Who came back with this code: the configured claim, if the provider vouches for it.
    pub(crate) async fn finish(&self, pending: &Pending, code: &str) -> Result<String, SsoError> {
        let endpoint = self.provider(None).await?.token_endpoint;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.section.redirect)
            .append_pair("client_id", &self.section.client_id)
            .append_pair("code_verifier", &pending.verifier)
            .finish();
        let login = self.secret.as_ref().map(|secret| (self.section.client_id.as_str(), secret));
        let tokens: Tokens = self.client.post(&endpoint, login, form).await?;
        let claims = self.claims(&tokens.id_token, pending).await?;
        if pending.fresh {
            let begun = gapura_store::timestamp(pending.begun);
            let since = claims.auth_time.and_then(|second| Timestamp::from_second(second).ok());
            if since.is_none_or(|since| since < begun.checked_sub(SKEW).unwrap_or(begun)) {
                return Err(SsoError::Token("the person was to sign in anew, and did not"));
            }
        }
        claims.subject(&self.section.claim)
    }

    /// The claims of a token, after everything about it was checked (OpenID Connect Core 1.0 section 3.1.3.7).
    async fn claims(&self, id_token: &str, pending: &Pending) -> Result<Claims, SsoError> {
        let wanted = Wanted {
            issuer: &self.section.issuer,
            client_id: &self.section.client_id,
            nonce: &pending.nonce,
            now: self.clock.now().wall,
            skew: SKEW,
        };
        let key = token::key_id(id_token)?;
        self.provider(key.as_deref()).await?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = known.as_ref().map_or(&[][..], |known| &known.keys);
        verified(id_token, keys, &wanted)
    }

    /// What is known of the provider; asked where it is not known, old, or lacks the key that is wanted.
    async fn provider(&self, key: Option<&str>) -> Result<Provider, SsoError> {
        if let Some(provider) = self.fresh(key) {
            return Ok(provider);
        }
        let mut failed = self.asking.lock().await;
        // Another may have asked meanwhile.
        if let Some(provider) = self.fresh(key) {
            return Ok(provider);
        }
        let now = self.clock.now().up;
        if failed.is_some_and(|at| at.until(now) < FAILED) {
            return Err(SsoError::Asked("it gave no answer a moment ago".to_owned()));
        }
        let asked = self.ask().await;
        *failed = asked.is_err().then(|| self.clock.now().up);
        let (provider, keys) = asked?;
        let known = Known { provider: provider.clone(), keys, at: now };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(provider)
    }

    /// What is known of the provider, if it is not old and has the key that is wanted.
    fn fresh(&self, key: Option<&str>) -> Option<Provider> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref()?;
        let age = known.at.until(self.clock.now().up);
        let has = key.is_none_or(|key| known.keys.iter().any(|one| one.kid.as_deref() == Some(key)));
        (age < KNOWN && (has || age < ROTATED)).then(|| known.provider.clone())
    }

    async fn ask(&self) -> Result<(Provider, Vec<Key>), SsoError> {
        let issuer = &self.section.issuer;
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let provider: Provider = self.client.get(&place).await?;
        if provider.issuer != *issuer {
            return Err(SsoError::Answer(format!("it calls itself {}, not {issuer}", provider.issuer)));
        }
        let keys: Keys = self.client.get(&provider.jwks_uri).await?;
        Ok((provider, keys.keys))
    }
}

/// For the log: what went wrong, without what was sent.
pub(crate) fn told(error: &SsoError) -> String {
    with_causes(error)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use gapura_runtime::ManualClock;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_gives_no_answer_is_left_alone_for_a_moment() {
        let trust = std::env::temp_dir().join(format!("gapura-sso-{}.pem", std::process::id()));
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert;
        std::fs::write(&trust, certificate.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let section = SsoSection {
            issuer: format!("https://localhost:{}", listener.local_addr().unwrap().port()),
            client_id: "gapura".to_owned(),
            client_secret_file: None,
            redirect: "https://konsol.example/masuk/sso".to_owned(),
            claim: "sub".to_owned(),
            trust: trust.clone(),
        };
        let clock = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        let sso = Sso::new(&section, clock.clone()).unwrap();
        std::fs::remove_file(&trust).unwrap();
        let asked = AtomicUsize::new(0);
        let hangs_up = async {
            loop {
                drop(listener.accept().await.unwrap());
                asked.fetch_add(1, Ordering::Relaxed);
            }
        };
        let begin = async || sso.begin([[1; 32]; 3], ("/", false)).await.is_err();
        let visits = async {
            // Of several at once one asks; the others hear what became of it.
            assert_eq!(tokio::join!(begin(), begin(), begin()), (true, true, true));
            let first = asked.load(Ordering::Relaxed);
            assert!(first > 0);
            assert!(begin().await);
            assert_eq!(asked.load(Ordering::Relaxed), first, "nobody asks so soon");
            clock.advance(Duration::from_secs(11));
            assert!(begin().await);
            assert_eq!(asked.load(Ordering::Relaxed), 2 * first, "as at first");
        };
        tokio::select! {
            () = visits => {}
            () = hangs_up => {}
        }
    }
}
