//! Signing in at the department's identity provider. Whoever it names must be somebody who was added here.

use gapura_store::PersonRow;
use jiff::SignedDuration;

use super::sign_in::{SeenFrom, SignedIn};
use super::{Office, OfficeError, is_over};
use crate::keys::random;
use crate::sso::{Pending, told};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// On the way to the identity provider.
#[derive(Clone, Debug)]
pub struct SsoBegun {
    /// Where to send the browser.
    pub address: String,
    /// What the browser keeps in a cookie meanwhile; sealed.
    pub kept: String,
}

/// Back from it.
#[derive(Clone, Debug)]
pub struct SsoEnded {
    /// What became of it.
    pub signed: SignedIn,
    /// Where to go afterwards.
    pub back: String,
}

/// Whoever goes to the provider comes back within this time.
const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// Whose the sealed text is.
const OWNER: &str = "sso";

impl Office {
    /// Whether there is an identity provider.
    pub fn has_sso(&self) -> bool {
        self.door.sso.is_some()
    }

    /// Begins; `None` where there is no provider, or it cannot be asked (the log says why). `fresh`: the person has to sign in
    /// anew at the provider.
    pub async fn sso_begin(&self, back: &str, fresh: bool) -> Result<Option<SsoBegun>, OfficeError> {
        let Some(sso) = &self.door.sso else { return Ok(None) };
        let secrets = [random()?, random()?, random()?];
        let (address, pending) = match sso.begin(secrets, (back, fresh)).await {
            Ok(begun) => begun,
            Err(error) => {
                tracing::warn!(error = told(&error), "nobody can be sent to the identity provider");
                return Ok(None);
            }
        };
        let text = super::super::write_json(&pending, "a sign-in")?;
        let sealed = self.door.sso_seal.seal(OWNER, text.as_bytes(), random()?);
        Ok(Some(SsoBegun { address, kept: URL_SAFE_NO_PAD.encode(sealed) }))
    }

    /// Ends: with what the browser kept, and with what the provider gave it.
    pub async fn sso_end(
        &self,
        kept: &str,
        (state, code): (&str, &str),
        from: &SeenFrom,
    ) -> Result<SsoEnded, OfficeError> {
        let wrong = |back: String| Ok(SsoEnded { signed: SignedIn::Wrong, back });
        let Some(sso) = &self.door.sso else { return wrong("/".to_owned()) };
        let opened = URL_SAFE_NO_PAD.decode(kept).ok().and_then(|sealed| self.door.sso_seal.open(OWNER, &sealed));
        let pending = opened.and_then(|text| serde_json::from_slice::<Pending>(&text).ok());
        let Some(pending) = pending.filter(|pending| !is_over(self.now(), pending.begun, AWAY)) else {
            return wrong("/".to_owned());
        };
        let back = pending.back.clone();
        if pending.state != state || code.is_empty() || code.len() > 4096 {
            return wrong(back);
        }
        let subject = match sso.finish(&pending, code).await {
            Ok(subject) => subject,
            Err(error) => {
                tracing::warn!(error = told(&error), "a sign-in at the identity provider was refused");
                return wrong(back);
            }
        };
        let mut tx = self.store.write().await?;
        let person = tx.person_of_subject(&subject).await?.filter(|row| row.closed.is_none());
        let Some(person) = person else {
            tracing::info!("the identity provider named somebody who was not added here");
            return wrong(back);
        };
        // A password that another made does not concern those who have not used one.
        let person = PersonRow { temporary_until: None, ..person };
        let signed = self.step(&mut tx, &person, false, from).await?;
        tx.commit().await?;
        Ok(SsoEnded { signed, back })
    }
}
