//! ID tokens: signed JSON (RFC 7515, 7517, 7519), RS256 and ES256, believed only for us, now, and for one question.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::SsoError;

/// A key of the provider (RFC 7517).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub(super) kid: Option<String>,
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
    pub(super) skew: SignedDuration,
}

/// What the provider says of somebody.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: Value,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    pub(super) auth_time: Option<i64>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The longest token, in octets.
const LONGEST: usize = 16 * 1024;
/// The longest value of a claim, in characters.
const VALUE: usize = 200;

impl Claims {
    /// Who it is, by this claim; an address of mail only where the provider has verified it.
    pub(super) fn subject(&self, claim: &str) -> Result<String, SsoError> {
        if claim == "email" && self.more.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(SsoError::Token("its address of mail is not verified"));
        }
        let value = self.more.get(claim).and_then(Value::as_str).map(str::trim);
        let value = value.filter(|value| !value.is_empty() && value.chars().count() <= VALUE);
        value.map(str::to_owned).ok_or(SsoError::Token("it does not have the claim that was agreed on"))
    }
}

/// The name of the key that a token says it is signed with.
pub(super) fn key_id(token: &str) -> Result<Option<String>, SsoError> {
    Ok(parts(token)?.0.kid)
}

type Parts<'a> = (Header, &'a str, Vec<u8>, Vec<u8>);

/// Header, what is signed, the claims' text, the signature.
fn parts(token: &str) -> Result<Parts<'_>, SsoError> {
    let odd = || SsoError::Token("it is not three parts of base64url");
    if token.len() > LONGEST {
        return Err(odd());
    }
    let (signed, signature) = token.rsplit_once('.').ok_or_else(odd)?;
    let (header, claims) = signed.split_once('.').ok_or_else(odd)?;
    let read = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| odd());
    let header = serde_json::from_slice(&read(header)?).map_err(|_| SsoError::Token("its header cannot be read"))?;
    Ok((header, signed, read(claims)?, read(signature)?))
}

/// What a token says, if one of `keys` signed it and it is what is wanted.
pub(super) fn verified(token: &str, keys: &[Key], wanted: &Wanted<'_>) -> Result<Claims, SsoError> {
    let (header, signed, claims, signature) = parts(token)?;
    let named = keys.iter().filter(|key| header.kid.is_none() || key.kid == header.kid);
    let mut fitting = named.filter(|key| key.purpose.as_deref().is_none_or(|purpose| purpose == "sig"));
    if !fitting.any(|key| key.signed(&header.alg, signed.as_bytes(), &signature)) {
        return Err(SsoError::Token("none of the provider's keys signed it with RS256 or ES256"));
    }
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| SsoError::Token("its claims cannot be read"))?;
    let for_us = match &claims.aud {
        Value::String(one) => one == wanted.client_id,
        Value::Array(all) => {
            all.iter().any(|one| one == wanted.client_id)
                && (all.len() == 1 || claims.azp.as_deref() == Some(wanted.client_id))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    let at = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    let early = wanted.now.checked_sub(wanted.skew).unwrap_or(wanted.now);
    let late = wanted.now.checked_add(wanted.skew).unwrap_or(wanted.now);
    if claims.iss != wanted.issuer {
        Err(SsoError::Token("another issuer made it"))
    } else if !for_us || claims.azp.as_deref().is_some_and(|azp| azp != wanted.client_id) {
        Err(SsoError::Token("it is for another program"))
    } else if claims.nonce.as_deref() != Some(wanted.nonce) {
        Err(SsoError::Token("it answers another question"))
    } else if at(claims.exp) <= early {
        Err(SsoError::Token("its time is over"))
    } else if at(claims.iat) > late {
        Err(SsoError::Token("it was made in the future"))
    } else {
        Ok(claims)
    }
}

impl Key {
    /// Whether this key made the signature. The kind of key decides, not what the token says of itself.
    fn signed(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        let octets = |part: &Option<String>| part.as_deref().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        match (self.kty.as_str(), alg, self.crv.as_deref()) {
            ("RSA", "RS256", _) => {
                let (Some(n), Some(e)) = (octets(&self.n), octets(&self.e)) else { return false };
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            ("EC", "ES256", Some("P-256")) => {
                let (Some(x), Some(y)) = (octets(&self.x), octets(&self.y)) else { return false };
                if x.len() != 32 || y.len() != 32 {
                    return false;
                }
                let point = [&[4][..], &x, &y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
        }

        fn key(&self, kid: &str) -> Key {
            let point = self.0.public_key().as_ref();
            let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
            serde_json::from_value(json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": x, "y": y }))
                .unwrap()
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let signed = format!("{}.{}", part(header), part(claims));
            let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://sso.example", "aud": "gapura", "sub": "1985", "nonce": "n", "iat": 1_800_000_000_i64,
            "exp": 1_800_000_300_i64, "email": "andi@example.go.id",
        })
    }

    fn wanted() -> Wanted<'static> {
        let now = Timestamp::from_second(1_800_000_010).unwrap();
        let skew = SignedDuration::from_mins(1);
        Wanted { issuer: "https://sso.example", client_id: "gapura", nonce: "n", now, skew }
    }

    #[test]
    fn only_the_provider_s_word_for_us_and_now_is_believed() {
        let (signer, other) = (Signer::new(), Signer::new());
        let keys = [signer.key("a"), other.key("b")];
        let header = json!({ "alg": "ES256", "kid": "a" });
        let read = |token: &str| verified(token, &keys, &wanted());
        let good = signer.token(&header, &claims());
        let claims_read = read(&good).unwrap();
        assert_eq!(claims_read.subject("sub").unwrap(), "1985");
        assert!(claims_read.subject("email").is_err(), "not verified");
        assert!(claims_read.subject("nip").is_err(), "not there");
        let with = |name: &str, value: Value| {
            let mut changed = claims();
            changed[name] = value;
            signer.token(&header, &changed)
        };
        assert!(read(&with("aud", json!(["gapura"]))).is_ok());
        assert_eq!(read(&with("email_verified", json!(true))).unwrap().subject("email").unwrap(), "andi@example.go.id");
        for (name, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("other")),
            ("aud", json!(["gapura", "other"])),
            ("aud", json!(7)),
            ("azp", json!("other")),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("exp", json!(1_799_999_900_i64)),
            ("iat", json!(1_800_000_100_i64)),
            ("exp", json!("tomorrow")),
        ] {
            assert!(read(&with(name, value.clone())).is_err(), "{name} {value}");
        }
        // Signed by another key than it says, by none, by a way that is not allowed.
        assert!(read(&other.token(&header, &claims())).is_err());
        assert!(read(&signer.token(&json!({ "alg": "none", "kid": "a" }), &claims())).is_err());
        assert!(read(&signer.token(&json!({ "alg": "HS256", "kid": "a" }), &claims())).is_err());
        assert!(read(&signer.token(&json!({ "alg": "ES256", "kid": "z" }), &claims())).is_err());
        assert!(
            read(&signer.token(&json!({ "alg": "ES256" }), &claims())).is_ok(),
            "without a name all keys are tried"
        );
        let (signed, _) = good.rsplit_once('.').unwrap();
        for wrong in ["", ".", "..", "a.b.c", signed, &format!("{signed}."), &"x".repeat(LONGEST + 1)] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
