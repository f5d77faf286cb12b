//! Signals that steer a daemon.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// A signal that asks this process for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: stop (the service manager, `kill`).
    Terminate,
    /// SIGINT: stop (Ctrl-C).
    Interrupt,
    /// SIGHUP: read the configuration and certificates again.
    Reload,
}

/// The signals of this process from now on, in the order they arrive.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    reload: Stream,
}

impl Signals {
    /// Takes over SIGTERM, SIGINT and SIGHUP. Must be called inside the tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Cancel-safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.reload.recv() => Signal::Reload,
        }
    }

    /// The next signal that asks to stop; those that ask to reload are dropped. Cancel-safe.
    pub async fn stop(&mut self) -> Signal {
        loop {
            let signal = self.next().await;
            if signal != Signal::Reload {
                return signal;
            }
        }
    }
}
