//! Opening what every process of a controller shares: the fleet's keys and the database.

use std::sync::Arc;

use gapura_store::{Store, StoreError};

use crate::config::{Config, Controller};
use crate::keys::{Keys, KeysError, lock};

/// Keys or database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fleet's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The process is being taken down.
    #[error("stopped while waiting for another process to finish opening the same data directory")]
    Stopped,
}

/// Reads or makes the keys, opens the database and brings it up to date. Processes that start at once take turns.
pub(crate) async fn open(settings: &Controller) -> Result<(Arc<Keys>, Store), OpenError> {
    let (directory, name) = (settings.data_dir.clone(), settings.public_name.clone());
    let reading = move || Ok::<_, KeysError>((Keys::open(&directory, &name)?, lock(&directory)?));
    let (keys, _turn) = tokio::task::spawn_blocking(reading).await.map_err(|_| OpenError::Stopped)??;
    Ok((Arc::new(keys), Store::open(&settings.database).await?))
}

/// Brings the database up to date and closes it again.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let (_, store) = open(&config.controller).await?;
    store.close().await;
    Ok(())
}
