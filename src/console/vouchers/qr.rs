//! QR codes as one path of SVG, sharp on any paper.

use qrcode::{Color, EcLevel, QrCode};

/// White modules around the symbol: paper around it is white as well (ISO/IEC 18004 wants four).
const QUIET: usize = 2;

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qr {
    /// The `viewBox`.
    pub(crate) view: String,
    /// The path's data: a box for each run of dark modules.
    pub(crate) path: String,
}

/// The code of a text; `None` where it does not fit.
pub(crate) fn draw(text: &str) -> Option<Qr> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, two| one == two) {
            if run.first() == Some(&Color::Dark) {
                let length = run.len();
                let _ = write!(path, "M{x} {y}h{length}v1H{x}z");
            }
            x += run.len();
        }
    }
    let whole = width + 2 * QUIET;
    Some(Qr { view: format!("-{QUIET} -{QUIET} {whole} {whole}"), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path covers.
    fn modules(qr: &Qr) -> Vec<(usize, usize)> {
        let numbers = |text: &str| text.parse::<usize>().unwrap();
        let mut dark = Vec::new();
        for run in qr.path.split('z').filter(|run| !run.is_empty()) {
            let (at, length) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let length = numbers(length.split_once('v').unwrap().0);
            dark.extend((0..length).map(|step| (numbers(x) + step, numbers(y))));
        }
        dark
    }

    #[test]
    fn the_path_is_the_code() {
        let text = "http://10.60.0.1/v/7zzzzzzzzzzzzzzzzzzzzzzzzz";
        let qr = draw(text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let dark: Vec<_> = modules(&qr);
        for y in 0..code.width() {
            for x in 0..code.width() {
                assert_eq!(dark.contains(&(x, y)), code[(x, y)] == Color::Dark, "{x} {y}");
            }
        }
        assert_eq!((code.width(), qr.view.as_str()), (33, "-2 -2 37 37"));
        assert!(draw(&"x".repeat(5000)).is_none());
    }

    #[test]
    fn every_address_that_a_portal_can_have_is_large_enough_to_scan() {
        // 23 mm on the sheet of 24: a module of at least 0.5 mm, for phones of a decade ago.
        let longest = format!("https://{}/v/7zzzzzzzzzzzzzzzzzzzzzzzzz", "a".repeat(40));
        let qr = draw(&longest).unwrap();
        let whole: f64 = qr.view.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(23.0 / whole > 0.5, "{whole}");
    }
}
