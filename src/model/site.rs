//! What sort of place a site is.

use serde::{Deserialize, Serialize};

/// What sort of place a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteKind {
    /// Galeri Internet: a counter with PCs, staff present.
    Gallery,
    /// Open day and night, nobody present.
    Hotspot,
    /// A village telecenter.
    Telecenter,
    /// A subdistrict centre.
    Plik,
    /// A centre in a car.
    Mplik,
}
