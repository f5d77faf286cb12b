//! Joining the fleet: a one-off code, our own key, an approval by a person, a certificate.

use std::path::Path;
use std::time::Duration;

use gapura_runtime::Tasks;
use gapura_wire::{EnrolAnswer, EnrolCode, EnrolRequest, SpkiPin};

use super::backoff::{Backoff, draw};
use super::exchange::{Controller, LinkError};
use super::{Endpoint, IdentityError, IdentityStore, Membership, tls};
use crate::config::ControllerSection;

/// Why the router cannot join.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrolError {
    /// Key or certificate trouble on this router.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The configured address cannot be used.
    #[error(transparent)]
    Endpoint(#[from] super::ExchangeError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// There is neither a membership nor a code.
    #[error(
        "this router is not enrolled and controller.code_file names no code: make one with `gapura controller gateway code` and write it there"
    )]
    NoCode,
    /// The file with the code cannot be read.
    #[error("cannot read the enrolment code in {0}")]
    Code(std::path::PathBuf, #[source] std::io::Error),
    /// What stands there is no code.
    #[error("{0} holds no enrolment code: expected 20 letters and digits in groups of five")]
    NotACode(std::path::PathBuf),
    /// The controller said no for good.
    #[error("the controller refused this router: {0}; make a new code with `gapura controller gateway code`")]
    Refused(String),
    /// The daemon stops.
    #[error("stopped before the router was approved")]
    Stopped,
}

/// The membership of this router: what is on disk, or what enrolling brings (waits for the approval as long as it takes).
///
/// # Errors
/// [`EnrolError`]; an unreachable controller is no error but a reason to try again.
pub(crate) async fn enrol(
    section: &ControllerSection,
    pin: SpkiPin,
    store: &IdentityStore,
    tasks: &Tasks,
) -> Result<Membership, EnrolError> {
    if let Some(membership) = store.membership()? {
        return Ok(membership);
    }
    let code_file = section.code_file.as_deref().ok_or(EnrolError::NoCode)?;
    let request = EnrolRequest {
        code: read_code(code_file)?,
        csr_pem: store.request()?,
        hostname: first_line("/proc/sys/kernel/hostname"),
        hardware: first_line("/sys/class/dmi/id/product_name"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let controller = Controller::new(Endpoint::parse(&section.url)?, tls::client_config(*pin.as_bytes(), None)?);
    let mut backoff = Backoff::new(Duration::from_secs(4), Duration::from_mins(5));
    loop {
        let wait = match controller.enrol(&request).await {
            Ok(EnrolAnswer::Approved { gateway, site, certificate_pem, controller, bundle_key, restore_balances }) => {
                let membership = Membership { gateway, site, controller, bundle_key, restore_balances };
                store.keep(&membership, &certificate_pem)?;
                // The code is worth nothing any more; a file that cannot be removed does no harm.
                if let Err(error) = std::fs::remove_file(code_file) {
                    tracing::info!(%error, "the used enrolment code could not be removed");
                }
                tracing::info!(gateway = %membership.gateway, site = %membership.site, "enrolled");
                return Ok(membership);
            }
            Ok(EnrolAnswer::Pending { retry_seconds, key }) => {
                backoff.reset();
                tracing::info!(%key, "waiting for approval at the controller");
                Duration::from_secs(u64::from(retry_seconds.clamp(1, 600)))
            }
            Ok(EnrolAnswer::Refused { reason }) => return Err(EnrolError::Refused(reason)),
            Err(error) => {
                log_trouble(&error);
                backoff.next(draw())
            }
        };
        tokio::select! {
            () = tasks.stopping().cancelled() => return Err(EnrolError::Stopped),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn log_trouble(error: &LinkError) {
    tracing::info!(error = %gapura_model::with_causes(error), "no enrolment yet; trying again");
}

fn read_code(path: &Path) -> Result<EnrolCode, EnrolError> {
    let text = std::fs::read_to_string(path).map_err(|error| EnrolError::Code(path.to_owned(), error))?;
    text.trim().parse().map_err(|_| EnrolError::NotACode(path.to_owned()))
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect()
}
