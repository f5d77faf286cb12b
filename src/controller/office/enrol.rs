//! Routers: code, request, approval, certificate, replacement, revocation.

use std::time::Duration;

use gapura_model::{GatewayId, SiteId};
use gapura_store::{EnrolmentRow, GatewayRow, NewEnrolment, millis, timestamp};
use gapura_wire::{EnrolAnswer, EnrolCode, EnrolRequest, RenewRequest, Sha256, SpkiPin, limits};
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::{Actor, Change, Office, OfficeError};
use crate::fleet::{LIFETIME, Request};
use crate::keys::random;
use crate::why::{Why, why};

/// A code that was made, and what the person who carries it to the router needs beside it.
#[derive(Debug)]
pub struct CodeMade {
    /// The code, shown this once.
    pub code: EnrolCode,
    /// From when it is no longer taken (UTC).
    pub expires: Timestamp,
    /// The controller's pin: the router trusts nothing else.
    pub pin: SpkiPin,
}

/// A router that waits for approval, or did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Pending {
    /// What `approve` and `refuse` call it: the first 8 digits of the code's hash.
    pub id: String,
    /// The site its code is for.
    pub site: String,
    /// The router it replaces.
    pub replaces: Option<String>,
    /// `open` (code not used yet), `pending`, `approved` or `refused`.
    pub state: String,
    /// The pin of its key; the router shows the same.
    pub key: Option<SpkiPin>,
    /// What the box calls itself.
    pub hostname: String,
    /// Its model.
    pub hardware: String,
    /// The version of Gapura on it.
    pub version: String,
    /// From when the code is no longer taken (UTC).
    pub expires: Timestamp,
    /// The name it was given.
    pub gateway: Option<String>,
}

/// A gateway as its certificate shows it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) gateway: GatewayId,
    pub(crate) site: SiteId,
    /// Past the half of its certificate's life.
    pub(crate) renew: bool,
}

/// Why a certificate is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotMember {
    Unknown,
    Revoked,
}

/// A router asks again after so many seconds.
const RETRY_SECONDS: u32 = 5;

impl Office {
    /// Makes a one-off code for a site; `replaces` names the router whose place the new one takes (*Ganti router*).
    pub async fn make_code(
        &self,
        site: &SiteId,
        replaces: Option<&GatewayId>,
        lifetime: Duration,
        who: &Actor,
    ) -> Result<CodeMade, OfficeError> {
        let now = self.now();
        let expires = SignedDuration::try_from(lifetime).ok().and_then(|time| now.checked_add(time).ok());
        let expires = expires.unwrap_or(Timestamp::MAX);
        let mut tx = self.store.write().await?;
        if tx.site(site).await?.is_none() {
            return Err(OfficeError::not_found("site", site.as_str()));
        }
        if let Some(old) = replaces {
            let row = tx.gateway(old).await?.ok_or_else(|| OfficeError::not_found("gateway", old.as_str()))?;
            if row.site != site.as_str() {
                return Err(OfficeError::Refused(why!(
                    "gateway-elsewhere",
                    gateway = old.as_str(),
                    site = &row.site,
                    other = site.as_str()
                )));
            }
        }
        let code = loop {
            if let Some(code) = EnrolCode::from_random(&random::<64>()?) {
                break code;
            }
        };
        tx.add_enrolment(code.hash().as_bytes(), site, replaces, (now, expires)).await?;
        let after = format!("code {} until {expires}", short(code.hash().as_bytes()));
        self.note(
            &mut tx,
            who,
            Change { action: "enrol-code", object: format!("site/{site}"), before: "", after: &after },
        )
        .await?;
        tx.commit().await?;
        Ok(CodeMade { code, expires, pin: self.keys.pin() })
    }

    /// All codes and requests.
    pub async fn enrolments(&self) -> Result<Vec<Pending>, OfficeError> {
        Ok(self.store.read().await?.enrolments().await?.into_iter().map(pending).collect())
    }

    /// Approves the request `id` (its first digits); the router is called `name`, or after its site.
    pub async fn approve(&self, id: &str, name: Option<GatewayId>, who: &Actor) -> Result<GatewayId, OfficeError> {
        let now = self.now();
        let mut tx = self.store.write().await?;
        let row = find(tx.enrolments().await?, id, "pending")?;
        let site: SiteId = super::site::parse_site(&row.site)?;
        let known = tx.gateways().await?;
        let gateway = name.map_or_else(|| free_name(&site, &known), Ok)?;
        if known.iter().any(|other| other.id == gateway.as_str()) {
            return Err(OfficeError::Refused(why!("gateway-there", gateway = gateway.as_str()).flag("--name NAME")));
        }
        let issued = Request::parse(row.csr_pem.as_deref().unwrap_or_default())?.issue(&self.keys, &gateway, now)?;
        tx.add_gateway(&GatewayRow {
            id: gateway.as_str().to_owned(),
            site: row.site.clone(),
            hostname: row.hostname.clone(),
            hardware: row.hardware.clone(),
            made: millis(now),
            revoked: None,
            reason: String::new(),
            restores: i64::from(row.replaces.is_some()),
        })
        .await?;
        tx.add_certificate(&issued.fingerprint, &gateway, issued.not_before, issued.not_after).await?;
        let hash = code_hash(&row)?;
        if !tx.approve_enrolment(&hash, &gateway, &issued.chain_pem).await? {
            return Err(OfficeError::Refused(why!("enrol-not-pending", request = id)));
        }
        if let Some(old) = row.replaces.as_deref().and_then(|old| old.parse::<GatewayId>().ok()) {
            tx.revoke_gateway(&old, &format!("replaced by {gateway}"), now).await?;
        }
        let after = row
            .replaces
            .map_or_else(|| format!("approved for {site}"), |old| format!("approved for {site}, replaces {old}"));
        let object = format!("gateway/{gateway}");
        self.note(&mut tx, who, Change { action: "gateway-approve", object, before: "", after: &after }).await?;
        tx.commit().await?;
        Ok(gateway)
    }

    /// Refuses the code or request `id`.
    pub async fn refuse(&self, id: &str, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let rows = tx.enrolments().await?;
        let row = find(rows.clone(), id, "pending").or_else(|_| find(rows, id, "open"))?;
        let reason = if who.reason.is_empty() { "staff said no" } else { who.reason.as_str() };
        tx.refuse_enrolment(&code_hash(&row)?, reason).await?;
        let object = format!("enrolment/{id}");
        self.note(&mut tx, who, Change { action: "enrol-refuse", object, before: &row.state, after: "refused" })
            .await?;
        Ok(tx.commit().await?)
    }

    /// Revokes a router: none of its certificates is taken any more.
    pub async fn revoke_gateway(&self, id: &GatewayId, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        if !tx.revoke_gateway(id, &who.reason, self.now()).await? {
            return Err(OfficeError::not_found("gateway still in service", id.as_str()));
        }
        let object = format!("gateway/{id}");
        self.note(&mut tx, who, Change { action: "gateway-revoke", object, before: "in service", after: "revoked" })
            .await?;
        Ok(tx.commit().await?)
    }

    /// Answers a router that asks to be taken in.
    pub(crate) async fn enrol(&self, request: EnrolRequest) -> Result<EnrolAnswer, OfficeError> {
        let refused = |reason: &str| Ok(EnrolAnswer::Refused { reason: reason.to_owned() });
        let hash = request.code.hash();
        let known = self.store.read().await?.enrolment(hash.as_bytes()).await?;
        let Some(row) = known else {
            return refused("there is no such code: look for a typing mistake or make a new one");
        };
        let csr = Request::parse(&request.csr_pem)?;
        if row.state == "open" {
            if timestamp(row.expires) <= self.now() {
                return refused("the code has expired: make a new one");
            }
            let new = NewEnrolment {
                csr_key: csr.key.as_bytes(),
                csr_pem: &request.csr_pem,
                hostname: &clip(&request.hostname),
                hardware: &clip(&request.hardware),
                version: &clip(&request.version),
            };
            let mut tx = self.store.write().await?;
            let claimed = tx.claim_enrolment(hash.as_bytes(), new).await?;
            tx.commit().await?;
            if claimed {
                return Ok(EnrolAnswer::Pending { retry_seconds: RETRY_SECONDS, key: csr.key });
            }
            return refused("the code was used by another router a moment ago");
        }
        if row.csr_key.as_deref() != Some(csr.key.as_bytes()) {
            return refused(if row.state == "refused" {
                "the code was withdrawn"
            } else {
                "the code was used by another router"
            });
        }
        match (row.state.as_str(), row.gateway, row.certificate_pem) {
            ("approved", Some(gateway), Some(certificate_pem)) => {
                let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("an enrolment")(error.into());
                Ok(EnrolAnswer::Approved {
                    gateway: gateway.parse().map_err(damaged)?,
                    site: row.site.parse().map_err(damaged)?,
                    certificate_pem,
                    controller: self.keys.pin(),
                    bundle_key: self.keys.bundle_key(),
                    restore_balances: row.replaces.is_some(),
                })
            }
            ("pending", ..) => Ok(EnrolAnswer::Pending { retry_seconds: RETRY_SECONDS, key: csr.key }),
            _ => refused(if row.reason.is_empty() { "staff said no" } else { &row.reason }),
        }
    }

    /// Whose certificate this is, by its fingerprint.
    pub(crate) async fn member(&self, fingerprint: &[u8; 32]) -> Result<Result<Member, NotMember>, OfficeError> {
        let row = self.store.certificate_owner(fingerprint).await?;
        let Some(row) = row else { return Ok(Err(NotMember::Unknown)) };
        if row.revoked.is_some() {
            return Ok(Err(NotMember::Revoked));
        }
        // TLS looked at its dates once; a session that is resumed may be half a day older.
        if timestamp(row.not_after) < self.now() {
            return Ok(Err(NotMember::Unknown));
        }
        let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("a gateway")(error.into());
        let half = SignedDuration::try_from(LIFETIME / 2).unwrap_or_default();
        let renew = timestamp(row.not_after).duration_since(self.now()) < half;
        let gateway = row.gateway.parse().map_err(damaged)?;
        Ok(Ok(Member { gateway, site: super::site::parse_site(&row.site)?, renew }))
    }

    /// A new certificate for a router that shows a good one.
    pub(crate) async fn renew(&self, member: &Member, request: &RenewRequest) -> Result<String, OfficeError> {
        let issued = Request::parse(&request.csr_pem)?.issue(&self.keys, &member.gateway, self.now())?;
        let mut tx = self.store.write().await?;
        tx.add_certificate(&issued.fingerprint, &member.gateway, issued.not_before, issued.not_after).await?;
        let who = Actor { name: format!("gateway/{}", member.gateway), reason: String::new() };
        let leaf =
            CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).map(|leaf| Sha256::of(&leaf).to_string());
        let (object, after) = (format!("gateway/{}", member.gateway), leaf.unwrap_or_default());
        self.note(&mut tx, &who, Change { action: "certificate-renew", object, before: "", after: &after }).await?;
        tx.commit().await?;
        Ok(issued.chain_pem)
    }
}

fn pending(row: EnrolmentRow) -> Pending {
    let key = row.csr_pem.as_deref().and_then(|pem| Request::parse(pem).ok()).map(|request| request.key);
    Pending {
        id: row.code_hash.as_slice().first_chunk().copied().map(short_of).unwrap_or_default(),
        site: row.site,
        replaces: row.replaces,
        state: row.state,
        key,
        hostname: row.hostname,
        hardware: row.hardware,
        version: row.version,
        expires: timestamp(row.expires),
        gateway: row.gateway,
    }
}

fn find(rows: Vec<EnrolmentRow>, id: &str, state: &str) -> Result<EnrolmentRow, OfficeError> {
    let matches = |row: &EnrolmentRow| {
        row.state == state
            && code_hash(row).is_ok_and(|hash| id.len() >= 4 && Sha256::from_bytes(hash).to_string().starts_with(id))
    };
    let mut found = rows.into_iter().filter(matches);
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => Err(OfficeError::Refused(why!("enrol-several", request = id))),
        (None, _) => Err(OfficeError::NotFound { what: "request waiting for approval", name: id.to_owned() }),
    }
}

fn code_hash(row: &EnrolmentRow) -> Result<[u8; 32], OfficeError> {
    let hash = row.code_hash.as_slice().try_into();
    hash.map_err(|error: std::array::TryFromSliceError| OfficeError::damaged("an enrolment")(error.into()))
}

fn short(hash: &[u8; 32]) -> String {
    hash.first_chunk().copied().map(short_of).unwrap_or_default()
}

fn short_of(start: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(start))
}

/// `gw-SITE-1`, or the first number behind it that is free.
fn free_name(site: &SiteId, known: &[GatewayRow]) -> Result<GatewayId, OfficeError> {
    let stem: String = site.as_str().chars().take(50).collect();
    let mut names = (1_u32..).map(|number| format!("gw-{}-{number}", stem.trim_end_matches('-')));
    let free = names.find(|name| !known.iter().any(|row| row.id == *name)).unwrap_or_default();
    free.parse().map_err(|error: gapura_model::ParseNameError| OfficeError::Refused(Why::plain(error.to_string())))
}

/// What a router says about itself, without control characters and not too long.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(limits::TEXT_CHARS).collect()
}
