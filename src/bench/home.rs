//! A controller of the bench's own: its directory, its configuration.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::BenchError;

/// A directory that goes with the bench.
#[derive(Debug)]
pub(crate) struct Gone(PathBuf);

impl Gone {
    /// It may be there or not.
    pub(crate) const fn with_the_bench(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Makes one for this bench.
    pub(crate) fn make(name: &str) -> Result<Self, BenchError> {
        let directory = std::env::temp_dir().join(format!("gapura-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(BenchError::io(format!("create {}", directory.display())))?;
        Ok(Self(directory))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes `controller.toml` for gateways alone into `directory`: where it is, and where the controller will listen.
pub(crate) fn controller_toml(
    directory: &Path,
    database: &str,
    connections: usize,
) -> Result<(PathBuf, SocketAddr), BenchError> {
    fs::create_dir_all(directory.join("data")).map_err(BenchError::io(format!("create {}", directory.display())))?;
    let (listen, file) = (free_port()?, directory.join("controller.toml"));
    let text = format!(
        "[controller]\nlisten = \"{listen}\"\npublic_name = \"localhost\"\ndata_dir = \"{}\"\ndatabase = \"{database}\"\n\
         connections = {connections}\n",
        directory.join("data").display()
    );
    fs::write(&file, text).map_err(BenchError::io("write controller.toml"))?;
    Ok((file, listen))
}

/// A port of the loopback interface that nobody uses.
pub(crate) fn free_port() -> Result<SocketAddr, BenchError> {
    let failed = || BenchError::io("find a free port");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
    listener.local_addr().map_err(failed())
}
