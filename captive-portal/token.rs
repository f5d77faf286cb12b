//! Form tokens without cookies: another site cannot log a visitor in or out, for it cannot read one.

use std::net::IpAddr;

use gapura_model::Uptime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the HMAC that travel: 128 bits.
const LENGTH: usize = 16;

/// Makes and checks tokens under a key that lives as long as the process.
#[derive(Clone)]
pub(crate) struct Tokens {
    key: Hmac<Sha256>,
}

impl Tokens {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let key = Hmac::new_from_slice(&key).map_err(|_| getrandom::Error::UNEXPECTED)?;
        Ok(Self { key })
    }

    /// The token of this device for this hour: 32 hexadecimal digits.
    pub(crate) fn make(&self, device: IpAddr, now: Uptime) -> String {
        hex(self.mac(device, hour(now)).finalize().into_bytes().get(..LENGTH).unwrap_or_default())
    }

    /// Whether `token` was made for this device in this or the last hour.
    pub(crate) fn check(&self, token: &str, device: IpAddr, now: Uptime) -> bool {
        let Some(token) = unhex(token) else { return false };
        let hour = hour(now);
        [Some(hour), hour.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|hour| self.mac(device, hour).verify_truncated_left(&token).is_ok())
    }

    fn mac(&self, device: IpAddr, hour: u64) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(b"gapura form token 1");
        match device {
            IpAddr::V4(address) => mac.update(&address.octets()),
            IpAddr::V6(address) => mac.update(&address.octets()),
        }
        mac.update(&hour.to_be_bytes());
        mac
    }
}

fn hour(now: Uptime) -> u64 {
    now.since_boot().as_secs() / 3600
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; LENGTH]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let pairs: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? * 16 + pair.last()?)).collect();
    if text.len() == LENGTH * 2 { pairs.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_token_is_for_one_device_and_two_hours() {
        let tokens = Tokens::new().unwrap();
        let at = |hours: u64| Uptime::new(Duration::from_secs(hours * 3600 + 60));
        let (me, other): (IpAddr, IpAddr) = ("10.7.0.2".parse().unwrap(), "2001:db8::2".parse().unwrap());
        let token = tokens.make(me, at(0));
        assert_eq!(token.len(), 32);
        assert!(tokens.check(&token, me, at(0)) && tokens.check(&token, me, at(1)));
        assert!(!tokens.check(&token, me, at(2)) && !tokens.check(&token, other, at(0)));
        assert!(!Tokens::new().unwrap().check(&token, me, at(0)));
        for bad in ["", "00", "é", &token[..31], &format!("{token}0"), &"g".repeat(32)] {
            assert!(!tokens.check(bad, me, at(0)), "{bad}");
        }
    }
}
