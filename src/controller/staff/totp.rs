//! Second factors: time-based one-time passwords (RFC 6238: HMAC-SHA-1, 30 s, 6 digits, which every application reads), and
//! codes for the day the telephone is lost.

use gapura_model::Secret;
use gapura_wire::Sha256;
use jiff::Timestamp;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use ring::hmac;

/// Octets of a secret (RFC 4226 section 4 recommends 160 bits).
pub(crate) const SECRET: usize = 20;
/// Codes for the day the telephone is lost.
pub(crate) const RECOVERY_CODES: usize = 8;
/// Seconds of one code.
const STEP: i64 = 30;
/// Codes so many steps before and after now are taken: telephones' clocks differ.
const SKEW: i64 = 1;
/// RFC 4648 section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of recovery codes: none that is mistaken for another.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Letters of a recovery code, in groups of four: 59 bits.
const RECOVERY_LETTERS: usize = 12;

/// The secret that the controller and a telephone share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TotpSecret(Secret<Vec<u8>>);

/// What is shown while a second factor is set up.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret in groups of four letters, to be typed where no code can be scanned.
    pub groups: String,
    /// For applications on the same device, and in the QR code.
    pub address: String,
    /// The QR code as SVG, black on white, without style or script.
    pub svg: String,
}

impl TotpSecret {
    pub(crate) fn new(random: [u8; SECRET]) -> Self {
        Self(Secret::new(random.to_vec()))
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == SECRET).then(|| Self(Secret::new(bytes)))
    }

    pub(crate) const fn expose(&self) -> &Vec<u8> {
        self.0.expose()
    }

    /// The time step in which `code` fits now, if it is behind `used`: no code is taken twice (RFC 6238 section 5.2).
    pub(crate) fn step(&self, code: &str, now: Timestamp, used: i64) -> Option<i64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let here = now.as_second().div_euclid(STEP);
        let steps = (here - SKEW)..=(here + SKEW);
        // All are computed whatever fits, and compared in constant time.
        let fitting = steps.filter(|step| constant_eq(self.code(*step).as_bytes(), digits.as_bytes()));
        fitting.collect::<Vec<_>>().into_iter().find(|step| *step > used)
    }

    /// The code of a time step (RFC 4226 section 5.3).
    pub(crate) fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
        let four = tag.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    /// What is shown to set it up, for `name` at `issuer`.
    pub(crate) fn enrolment(&self, issuer: &str, name: &str) -> Enrolment {
        let secret = base32(self.0.expose());
        let (label, of) = (percent(&format!("{issuer}:{name}")), percent(issuer));
        let address = format!("otpauth://totp/{label}?secret={secret}&issuer={of}&algorithm=SHA1&digits=6&period=30");
        let svg = QrCode::with_error_correction_level(address.as_bytes(), EcLevel::M);
        let svg = svg.map(|code| code.render::<svg::Color<'_>>().min_dimensions(200, 200).quiet_zone(true).build());
        // Pages take the element alone, without the declaration of a file.
        let svg = svg.ok().and_then(|text| Some(text.get(text.find("<svg")?..)?.to_owned()));
        Enrolment { groups: in_groups(&secret), svg: svg.unwrap_or_default(), address }
    }
}

impl Enrolment {
    /// One of nobody, to look at pages with.
    pub fn sample() -> Self {
        TotpSecret::new([7; SECRET]).enrolment("Gapura", "andi.rahmawati")
    }

    /// The QR code for a terminal.
    pub fn for_terminal(&self) -> String {
        let code = QrCode::with_error_correction_level(self.address.as_bytes(), EcLevel::L);
        code.map(|code| code.render::<qrcode::render::unicode::Dense1x2>().quiet_zone(true).build()).unwrap_or_default()
    }
}

fn constant_eq(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn base32(bytes: &[u8]) -> String {
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let letter = |chunk: &[bool]| {
        let value = chunk.iter().fold(0_usize, |value, bit| value * 2 + usize::from(*bit)) << (5 - chunk.len());
        BASE32.get(value).copied().map_or('A', char::from)
    };
    bits.chunks(5).map(letter).collect()
}

fn in_groups(text: &str) -> String {
    let groups = text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(" ")
}

/// RFC 3986 section 2.1: all but unreserved characters.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            all.push(char::from(byte));
        } else {
            let _ = write!(all, "%{byte:02X}");
        }
        all
    })
}

/// A code for the day the telephone is lost, from 16 random bytes: `7KQM-29QD-AB3X`.
pub(crate) fn recovery_code(random: [u8; 16]) -> Secret<String> {
    let mut rest = u128::from_be_bytes(random);
    let mut letters = String::new();
    for place in 0..RECOVERY_LETTERS {
        if place > 0 && place % 4 == 0 {
            letters.push('-');
        }
        let digit = usize::try_from(rest % LETTERS.len() as u128).unwrap_or_default();
        letters.push(LETTERS.get(digit).copied().map_or('2', char::from));
        rest /= LETTERS.len() as u128;
    }
    Secret::new(letters)
}

/// What the database knows such a code of `name` by, as somebody types it; `None` where it is none. With 59 random bits a plain
/// hash does.
pub(crate) fn recovery_hash(name: &str, typed: &str) -> Option<[u8; 32]> {
    let letters: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let letters = letters.to_ascii_uppercase();
    let good = letters.len() == RECOVERY_LETTERS && letters.bytes().all(|letter| LETTERS.contains(&letter));
    good.then(|| *Sha256::of(format!("gapura recovery 1\0{name}\0{letters}").as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rfc() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, SHA-1, the last six digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code(second / 30), code);
            assert_eq!(rfc().step(code, at(second), 0), Some(second / 30));
        }
    }

    #[test]
    fn a_code_is_good_for_its_time_and_once() {
        let now = 1_234_567_890;
        let step = now / 30;
        assert_eq!(rfc().step(" 005 924", at(now), 0), Some(step), "as applications show it");
        for (later, good) in [(-30, true), (29, true), (59, true), (60, false), (-31, false)] {
            assert_eq!(rfc().step("005924", at(now + later), 0).is_some(), good, "{later}");
        }
        assert_eq!(rfc().step("005924", at(now), step), None, "used");
        assert_eq!(rfc().step(&rfc().code(step - 1), at(now), step), None, "older than the one used");
        assert_eq!(rfc().step(&rfc().code(step + 1), at(now), step), Some(step + 1));
        for wrong in ["", "00592", "0059245", "00592x", "005925", "٠٠٥٩٢٤"] {
            assert_eq!(rfc().step(wrong, at(now), 0), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_can_be_scanned_and_typed() {
        let shown = rfc().enrolment("Gapura Sinjai", "andi.rahmawati");
        assert_eq!(shown.groups, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            shown.address,
            "otpauth://totp/Gapura%20Sinjai%3Aandi.rahmawati?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gapura%20Sinjai&algorithm=SHA1&digits=6&period=30"
        );
        assert!(
            shown.svg.contains("<svg") && !shown.svg.contains("style") && shown.for_terminal().lines().count() > 10
        );
        assert_eq!(base32(b"f"), "MY");
        assert!(!format!("{:?}", rfc()).contains("12345"));
    }

    #[test]
    fn recovery_codes_are_read_as_typed_and_belong_to_one_person() {
        let code = recovery_code([9; 16]);
        assert_eq!(code.expose().len(), 14);
        let hash = recovery_hash("ani", code.expose()).unwrap();
        assert_eq!(recovery_hash("ani", &code.expose().to_lowercase().replace('-', " ")), Some(hash));
        assert_ne!(recovery_hash("budi", code.expose()), Some(hash));
        for wrong in ["", "7KQM", "7KQM-29QD-AB30"] {
            assert_eq!(recovery_hash("ani", wrong), None, "{wrong}");
        }
    }
}
