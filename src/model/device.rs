//! What sort of device a visitor holds, as far as a page can tell.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sort of device, guessed from what its browser says of itself: a word for staff to tell rows apart, never a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceSort {
    /// *Ponsel*.
    Phone,
    /// *Tablet*.
    Tablet,
    /// *Laptop*, or a PC.
    Laptop,
    /// *Perangkat*: not known, or a sort that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

impl DeviceSort {
    /// The stable text id, for example `phone`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Laptop => "laptop",
            Self::Other => "other",
        }
    }

    /// The sort of a stable text id; whatever else there is, is [`Self::Other`].
    pub fn of_id(id: &str) -> Self {
        [Self::Phone, Self::Tablet, Self::Laptop].into_iter().find(|sort| sort.id() == id).unwrap_or_default()
    }
}

impl fmt::Display for DeviceSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_survives_its_text() {
        for sort in [DeviceSort::Phone, DeviceSort::Tablet, DeviceSort::Laptop, DeviceSort::Other] {
            assert_eq!(DeviceSort::of_id(sort.id()), sort);
            assert_eq!(serde_json::to_string(&sort).unwrap(), format!("\"{sort}\""));
        }
        assert_eq!(serde_json::from_str::<DeviceSort>("\"watch\"").unwrap(), DeviceSort::Other);
    }
}
