//! The controller's configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use gapura_runtime::settings::{self, SettingsError};
use serde::Deserialize;

/// `controller.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its only table.
    pub controller: Controller,
}

/// The table `[controller]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Where gateways connect, for example `[::]:8443`.
    pub listen: SocketAddr,
    /// The name or address gateways use; stands in the certificate and in what `gateway code` prints.
    pub public_name: String,
    /// Where the fleet's keys are kept, mode 0700, for example `/var/lib/gapura-controller`.
    pub data_dir: PathBuf,
    /// `sqlite:/path/to/file.db` or `postgres://user@host/name`.
    pub database: String,
    /// Connections at once; further ones wait in the kernel's queue.
    #[serde(default = "connections")]
    pub connections: usize,
}

const fn connections() -> usize {
    2048
}

/// Reads a configuration file; every mistake at once, with line and column.
pub fn load(path: &Path) -> Result<Config, SettingsError> {
    settings::load(path, mistakes)
}

fn mistakes(config: &Config) -> Vec<String> {
    let Controller { public_name, data_dir, database, connections, .. } = &config.controller;
    let mut found = Vec::new();
    if public_name.is_empty()
        || public_name.len() > 253
        || public_name.contains(|c: char| c.is_whitespace() || c == '/')
    {
        found.push("controller.public_name: write a host name or an address, without https:// and port".to_owned());
    }
    if !data_dir.is_absolute() {
        found.push("controller.data_dir: write an absolute path".to_owned());
    }
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database.starts_with(scheme)) {
        found.push("controller.database: write sqlite:/path/to/file.db or postgres://user@host/name".to_owned());
    }
    if !(16..=65536).contains(connections) {
        found.push("controller.connections: write a number from 16 to 65536".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once() {
        let path = std::env::temp_dir().join(format!("gapura-controller-config-{}.toml", std::process::id()));
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            load(&path).map_err(|error| error.to_string())
        };
        let good = "[controller]\nlisten = \"[::]:8443\"\npublic_name = \"c.example\"\ndata_dir = \"/var/lib/g\"\ndatabase = \"sqlite:/x.db\"\n";
        assert_eq!(read(good).unwrap().controller.connections, 2048);
        let wrong = read(
            "[controller]\nlisten = \"here\"\npublic_name = \"c\"\ndata_dir = \"/g\"\ndatabase = \"x\"\nport = 1\n",
        );
        let wrong = wrong.unwrap_err();
        assert!(wrong.contains("2:10") && wrong.contains("6:1") && wrong.contains("port"), "{wrong}");
        let wrong = read(&good.replace("/var", "var").replace("sqlite", "mysql")).unwrap_err();
        assert!(wrong.contains("data_dir") && wrong.contains("database"), "{wrong}");
        std::fs::remove_file(&path).unwrap();
    }
}
