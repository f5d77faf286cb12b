//! A fleet taken in at once, for measuring: what a thousand codes, requests and approvals come to.

use gapura_model::{GatewayId, SiteId};
use gapura_store::{GatewayRow, millis};
use gapura_wire::{ReceivedBatch, Sha256, UsageAck};

use super::enrol::Member;
use super::{Office, OfficeError, write_json};
use crate::document::SiteDocument;
use crate::fleet::Request;
use crate::keys::random;
use crate::settings::SettingsDocument;
use crate::why::Why;

/// A site with its gateway.
#[derive(Clone, Debug)]
pub struct Enlisted {
    /// The site.
    pub site: SiteId,
    /// Its gateway.
    pub gateway: GatewayId,
    /// The certificate and the fleet's, PEM, leaf first.
    pub chain_pem: String,
}

/// Sites in one transaction.
const AT_ONCE: usize = 500;

impl Office {
    /// Makes a site with a gateway for each certificate request: `prefix-1` and `gw-prefix-1`, and so on. Their bundles are
    /// published by the next look through them. For benches: no codes, nobody approves, the audit log does not name them.
    pub async fn enlist(
        &self,
        prefix: &str,
        document: &SiteDocument,
        requests: &[String],
    ) -> Result<Vec<Enlisted>, OfficeError> {
        let wrong = |what: String| OfficeError::Refused(Why::plain(format!("\"{what}\" is no name")));
        let own = write_json(&SettingsDocument::from(document.clone()), "a site")?;
        let (text, now) = (write_json(document, "a site")?, self.now());
        let mut enlisted = Vec::with_capacity(requests.len());
        for some in requests.chunks(AT_ONCE) {
            let mut tx = self.store.write().await?;
            for request in some {
                let name = format!("{prefix}-{}", enlisted.len() + 1);
                let site: SiteId = name.parse().map_err(|_| wrong(name.clone()))?;
                let gateway: GatewayId = format!("gw-{name}").parse().map_err(|_| wrong(name.clone()))?;
                let issued = Request::parse(request)?.issue(&self.keys, &gateway, now)?;
                tx.put_site(&site, &text, &random::<32>()?, now).await?;
                tx.put_own(&site, Some(&own)).await?;
                tx.add_gateway(&GatewayRow {
                    id: gateway.as_str().to_owned(),
                    site: name.clone(),
                    hostname: gateway.as_str().to_owned(),
                    hardware: String::new(),
                    made: millis(now),
                    revoked: None,
                    reason: String::new(),
                    restores: 0,
                })
                .await?;
                tx.add_certificate(&issued.fingerprint, &gateway, issued.not_before, issued.not_after).await?;
                enlisted.push(Enlisted { site, gateway, chain_pem: issued.chain_pem });
            }
            tx.commit().await?;
        }
        Ok(enlisted)
    }

    /// Takes the body of `POST /v1/usage` as the gateways' API does; `None` where it is no batch.
    pub async fn take_usage(&self, from: &Enlisted, body: &[u8]) -> Result<Option<UsageAck>, OfficeError> {
        let Ok(batch) = serde_json::from_slice::<ReceivedBatch>(body) else { return Ok(None) };
        let member = Member { gateway: from.gateway.clone(), site: from.site.clone(), renew: false };
        self.ingest(&member, batch, Sha256::of(body)).await.map(Some)
    }
}
