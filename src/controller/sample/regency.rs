//! The made-up regency: its sites and plans, as an administrator would write them. Names of places, never of people.

use gapura_model::SiteKind;

/// A site in short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: SiteKind,
    pub(super) agency: &'static str,
    /// Parts of a thousand of the regency's visits.
    pub(super) weight: u32,
    /// PC seats.
    pub(super) seats: u8,
}

pub(super) const REGENCY: &str = "Kabupaten Sinjai";

const KOMINFO: &str = "Diskominfo Sinjai";
const DESA: &str = "Dinas Pemberdayaan Masyarakat dan Desa";
const PUSTAKA: &str = "Dinas Perpustakaan dan Kearsipan";
const WISATA: &str = "Dinas Pariwisata";

/// The agencies that run sites.
pub(super) const AGENCIES: [&str; 4] = [KOMINFO, DESA, PUSTAKA, WISATA];

const fn place(
    id: &'static str,
    name: &'static str,
    kind: SiteKind,
    agency: &'static str,
    weight: u32,
    seats: u8,
) -> Place {
    Place { id, name, kind, agency, weight, seats }
}

/// 24 sites; their weights add up to 1000.
pub(super) const PLACES: [Place; 24] = [
    place("galeri-sinjai-utara", "Galeri Sinjai Utara", SiteKind::Gallery, KOMINFO, 120, 12),
    place("galeri-sinjai-timur", "Galeri Sinjai Timur", SiteKind::Gallery, KOMINFO, 80, 8),
    place("galeri-sinjai-selatan", "Galeri Sinjai Selatan", SiteKind::Gallery, KOMINFO, 70, 8),
    place("galeri-perpustakaan", "Galeri Perpustakaan Daerah", SiteKind::Gallery, PUSTAKA, 90, 10),
    place("hotspot-alun-alun", "Hotspot Alun-Alun Sinjai", SiteKind::Hotspot, KOMINFO, 110, 0),
    place("hotspot-kantor-bupati", "Hotspot Kantor Bupati", SiteKind::Hotspot, KOMINFO, 60, 0),
    place("hotspot-rsud", "Hotspot RSUD Sinjai", SiteKind::Hotspot, KOMINFO, 75, 0),
    place("hotspot-terminal", "Hotspot Terminal Sinjai", SiteKind::Hotspot, KOMINFO, 45, 0),
    place("hotspot-pasar-sentral", "Hotspot Pasar Sentral", SiteKind::Hotspot, KOMINFO, 55, 0),
    place("hotspot-tongke-tongke", "Hotspot Hutan Bakau Tongke-Tongke", SiteKind::Hotspot, WISATA, 40, 0),
    place("hotspot-benteng-balangnipa", "Hotspot Benteng Balangnipa", SiteKind::Hotspot, WISATA, 25, 0),
    place("hotspot-batu-pake-gojeng", "Hotspot Batu Pake Gojeng", SiteKind::Hotspot, WISATA, 15, 0),
    place("telecenter-lamatti-riaja", "Telecenter Desa Lamatti Riaja", SiteKind::Telecenter, DESA, 20, 4),
    place("telecenter-bonto-salama", "Telecenter Desa Bonto Salama", SiteKind::Telecenter, DESA, 15, 3),
    place("telecenter-gunung-perak", "Telecenter Desa Gunung Perak", SiteKind::Telecenter, DESA, 12, 3),
    place("telecenter-kassi-buleng", "Telecenter Desa Kassi Buleng", SiteKind::Telecenter, DESA, 12, 3),
    place("telecenter-saukang", "Telecenter Desa Saukang", SiteKind::Telecenter, DESA, 14, 4),
    place("telecenter-pulau-harapan", "Telecenter Desa Pulau Harapan", SiteKind::Telecenter, DESA, 7, 2),
    place("plik-sinjai-barat", "PLIK Kecamatan Sinjai Barat", SiteKind::Plik, KOMINFO, 30, 5),
    place("plik-sinjai-tengah", "PLIK Kecamatan Sinjai Tengah", SiteKind::Plik, KOMINFO, 30, 5),
    place("plik-sinjai-borong", "PLIK Kecamatan Sinjai Borong", SiteKind::Plik, KOMINFO, 25, 5),
    place("plik-bulupoddo", "PLIK Kecamatan Bulupoddo", SiteKind::Plik, KOMINFO, 22, 4),
    place("plik-tellulimpoe", "PLIK Kecamatan Tellulimpoe", SiteKind::Plik, KOMINFO, 20, 4),
    place("mplik-1", "MPLIK 1", SiteKind::Mplik, KOMINFO, 8, 6),
];

/// The plans.
pub(super) const PLANS: &str = r#"
[[plan]]
id = "umum"
name = "Umum 2 jam"
visit = { time = "2h", bytes = { total = 1_000_000_000 } }
speed = { up = 2_000_000, down = 4_000_000 }
extend = { time = "30m", times = 2 }

[[plan]]
id = "pelajar"
name = "Pelajar 3 jam"
visit = { time = "3h", bytes = { total = 2_000_000_000 } }
speed = { up = 2_000_000, down = 5_000_000 }

[[plan]]
id = "pc"
name = "PC 1 jam"
visit = { time = "1h" }

[[plan]]
id = "layanan-publik"
name = "Layanan publik 30 menit"
visit = { time = "30m", bytes = { total = 500_000_000 } }

[[plan]]
id = "acara"
name = "Acara 8 jam"
visit = { time = "8h", bytes = { total = 5_000_000_000 } }
speed = { up = 4_000_000, down = 8_000_000 }
"#;

/// The plans' ids with parts of a hundred of the visits.
pub(super) const SHARES: [(&str, u32); 5] =
    [("umum", 62), ("pelajar", 20), ("pc", 10), ("layanan-publik", 5), ("acara", 3)];

impl Place {
    /// Its opening hours: counters until 22.00, hotspots day and night.
    pub(super) const fn weekly(&self) -> &'static str {
        match self.kind {
            SiteKind::Hotspot => {
                r#"{ mon = ["00.00-24.00"], tue = ["00.00-24.00"], wed = ["00.00-24.00"], thu = ["00.00-24.00"], fri = ["00.00-24.00"], sat = ["00.00-24.00"], sun = ["00.00-24.00"] }"#
            }
            SiteKind::Gallery => {
                r#"{ mon = ["08.00-22.00"], tue = ["08.00-22.00"], wed = ["08.00-22.00"], thu = ["08.00-22.00"], fri = ["08.00-11.30", "13.30-22.00"], sat = ["08.00-22.00"], sun = ["13.00-22.00"] }"#
            }
            SiteKind::Telecenter | SiteKind::Plik | SiteKind::Mplik => {
                r#"{ mon = ["08.00-16.00"], tue = ["08.00-16.00"], wed = ["08.00-16.00"], thu = ["08.00-16.00"], fri = ["08.00-11.30", "13.30-16.00"], sat = ["08.00-12.00"] }"#
            }
        }
    }

    /// The hours in which people come, with parts of a thousand for each hour of the day.
    pub(super) const fn rhythm(&self) -> [u32; 24] {
        match self.kind {
            SiteKind::Hotspot => {
                [8, 5, 4, 3, 4, 8, 18, 32, 48, 56, 60, 62, 60, 56, 58, 62, 70, 74, 66, 72, 70, 52, 32, 20]
            }
            SiteKind::Gallery => [0, 0, 0, 0, 0, 0, 0, 0, 60, 75, 80, 65, 50, 70, 85, 95, 90, 70, 60, 75, 75, 50, 0, 0],
            SiteKind::Telecenter | SiteKind::Plik | SiteKind::Mplik => {
                [0, 0, 0, 0, 0, 0, 0, 0, 130, 150, 160, 120, 80, 120, 130, 110, 0, 0, 0, 0, 0, 0, 0, 0]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_parts_of_the_whole() {
        assert_eq!(PLACES.iter().map(|place| place.weight).sum::<u32>(), 1000);
        assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u32>(), 100);
    }
}
