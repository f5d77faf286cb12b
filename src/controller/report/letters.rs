//! The standard fonts of PDF: how wide their letters are (Adobe's metrics of Helvetica), and the octets that stand for them
//! (WinAnsiEncoding, ISO 32000-1 annex D).

/// Widths of the characters from space to `~`, in thousandths of the size.
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
];
/// What is taken for any other letter: none of Latin-1 in use here is wider but capitals.
const OTHER: u16 = 600;

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Font {
    Plain,
    Bold,
}

/// A text's octets; what WinAnsi cannot say becomes `?`.
pub(crate) fn octets(text: &str) -> Vec<u8> {
    let octet = |c: char| match c {
        ' '..='~' => u8::try_from(c).unwrap_or(b'?'),
        '\u{a0}' => b' ',
        '\u{a1}'..='\u{ff}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        '\u{20ac}' => 0x80,
        '\u{2026}' => 0x85,
        '\u{2018}' => 0x91,
        '\u{2019}' => 0x92,
        '\u{201c}' => 0x93,
        '\u{201d}' => 0x94,
        '\u{2022}' => 0x95,
        '\u{2013}' => 0x96,
        '\u{2014}' => 0x97,
        _ => b'?',
    };
    text.chars().map(octet).collect()
}

/// How wide a text is at this size, in points.
pub(crate) fn width(text: &str, font: Font, size: f32) -> f32 {
    let widths = match font {
        Font::Plain => &PLAIN,
        Font::Bold => &BOLD,
    };
    let of = |octet: u8| widths.get(usize::from(octet.wrapping_sub(b' '))).copied().unwrap_or(OTHER);
    let sum: u32 = octets(text).into_iter().map(|octet| u32::from(of(octet))).sum();
    sum as f32 * size / 1000.0
}

/// A text in lines no wider than this; a word that is wider is cut.
pub(crate) fn lines(text: &str, (font, size): (Font, f32), wide: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, font, size) <= wide {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if width(&line, font, size) > wide && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_its_letters_and_broken_between_words() {
        assert!((width("Gapura", Font::Plain, 10.0) - 33.35).abs() < 0.01);
        assert!(width("Gapura", Font::Bold, 10.0) > width("Gapura", Font::Plain, 10.0));
        assert_eq!(octets("98,6\u{a0}% – é\u{4e2d}"), b"98,6 % \x96 \xe9?");
        let broken = lines("satu dua tiga", (Font::Plain, 10.0), 45.0);
        assert_eq!(broken, ["satu dua", "tiga"]);
        let long = lines("aaaaaaaaaaaaaaaaaaaa b", (Font::Plain, 10.0), 45.0);
        assert!(long.iter().all(|line| width(line, Font::Plain, 10.0) <= 45.0), "{long:?}");
        assert_eq!(long.concat().len(), 22, "with the space before the last word");
        assert_eq!(lines("", (Font::Plain, 10.0), 45.0), [""]);
    }
}
