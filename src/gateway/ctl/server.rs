//! Answers on the control socket.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
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

/// Connections at once: a command that somebody suspended does not keep the others from the gateway.
const MOST: usize = 8;

/// Serves the control socket until `stopping`; a few connections at once, each bounded in size and time.
pub(crate) async fn serve<F, Fut>(listener: UnixListener, stopping: CancellationToken, answer: F)
where
    F: Fn(Request) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Answer> + Send,
{
    // Dropped, and with it every conversation, when this ends.
    let mut conversations = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            Some(_) = conversations.join_next(), if !conversations.is_empty() => continue,
            accepted = listener.accept(), if conversations.len() < MOST => accepted,
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
        let answer = answer.clone();
        conversations.spawn(async move {
            if tokio::time::timeout(PATIENCE, converse(stream, answer)).await.is_err() {
                tracing::debug!("a control connection took too long");
            }
        });
    }
}

async fn converse<F, Fut>(mut stream: UnixStream, answer: F)
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Answer>,
{
    let mut text = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let reply = match (&mut stream).take(limit).read_to_end(&mut text).await {
        Err(error) => Answer::Failed(format!("the request broke off: {error}")),
        Ok(read) if read > LARGEST => Answer::Failed(format!("the request is longer than {LARGEST} bytes")),
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    /// A socket in a directory of its own that answers every request with its Debug text.
    struct Counter {
        directory: PathBuf,
        stopping: CancellationToken,
        serving: tokio::task::JoinHandle<()>,
    }

    impl Counter {
        fn open(name: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("gapura-ctl-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let listener = bind(&directory.join("ctl.sock")).unwrap();
            let stopping = CancellationToken::new();
            let answer = |request: Request| async move { Answer::Failed(format!("heard {request:?}")) };
            #[expect(clippy::disallowed_methods, reason = "the test itself waits for it")]
            let serving = tokio::spawn(serve(listener, stopping.clone(), answer));
            Self { directory, stopping, serving }
        }

        async fn connect(&self) -> UnixStream {
            UnixStream::connect(self.directory.join("ctl.sock")).await.unwrap()
        }

        /// What is answered to `bytes`; a peer that stops listening is no failure of ours.
        async fn say(&self, bytes: &[u8]) -> String {
            let mut stream = self.connect().await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let mut answer = String::new();
            let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_string(&mut answer)).await.unwrap();
            answer
        }

        async fn close(self) {
            self.stopping.cancel();
            self.serving.await.unwrap();
            std::fs::remove_dir_all(self.directory).unwrap();
        }
    }

    #[tokio::test]
    async fn nonsense_is_answered_and_nothing_of_it_reaches_the_gate() {
        let counter = Counter::open("nonsense");
        let status = serde_json::to_vec(&Request::Status).unwrap();
        let truncated = status.get(..status.len() - 1).unwrap();
        let nested = "[".repeat(LARGEST / 2);
        for bytes in [b"".as_slice(), b"\0\xff\xfe", b"{}", b"{\"do\":\"format-disk\"}", truncated, nested.as_bytes()] {
            let answer = counter.say(bytes).await;
            assert!(answer.contains("not a request") && !answer.contains("heard"), "{answer}");
        }
        let mut padded = status.clone();
        padded.resize(LARGEST + 1, b' ');
        let answer = counter.say(&padded).await;
        assert!(answer.contains("longer than") || answer.is_empty(), "{answer}");
        // More than any buffer between the two: the writer is cut off, not read to its end.
        counter.say(&vec![b' '; 16 << 20]).await;
        assert!(counter.say(&status).await.contains("heard Status"));
        counter.close().await;
    }

    #[tokio::test]
    async fn silent_connections_keep_nobody_from_the_gateway() {
        let counter = Counter::open("silent");
        let mut silent = Vec::new();
        for _ in 0..MOST - 1 {
            silent.push(counter.connect().await);
        }
        let status = serde_json::to_vec(&Request::Status).unwrap();
        for _ in 0..MOST {
            assert!(counter.say(&status).await.contains("heard Status"));
        }
        counter.close().await;
    }

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_replaces_the_one_before() {
        let counter = Counter::open("mode");
        let path = counter.directory.join("ctl.sock");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(bind(&path).unwrap());
        counter.close().await;
    }
}
