//! Answers on the control socket.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{Answer, LARGEST, PATIENCE, Request};

/// Binds the control socket, replacing one left by an earlier run.
///
/// # Errors
/// When the run directory cannot be written.
pub(crate) fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the control socket until `stopping`; one connection at a time, each bounded in size and time.
pub(crate) async fn serve<F, Fut>(listener: UnixListener, stopping: CancellationToken, mut answer: F)
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Answer>,
{
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: not to be asked again at once.
                tracing::warn!(%error, "the control socket took no connection");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            }
        };
        if tokio::time::timeout(PATIENCE, converse(stream, &mut answer)).await.is_err() {
            tracing::debug!("a control connection took too long");
        }
    }
}

async fn converse<F, Fut>(mut stream: UnixStream, answer: &mut F)
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Answer>,
{
    let mut text = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let reply = match (&mut stream).take(limit).read_to_end(&mut text).await {
        Err(error) => Answer::Failed(format!("the request broke off: {error}")),
        Ok(_) => match serde_json::from_slice(&text) {
            Ok(request) => answer(request).await,
            Err(error) => {
                Answer::Failed(format!("not a request: {error}; gapura ctl and the gateway must be of one version"))
            }
        },
    };
    let text = serde_json::to_vec(&reply).unwrap_or_default();
    if let Err(error) = stream.write_all(&text).await {
        tracing::debug!(%error, "a control connection was closed before its answer");
    }
}
