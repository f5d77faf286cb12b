//! Numbers of one to ten octets, seven bits each, lowest first (LEB128).

use std::io::{self, Read};

pub(crate) fn put(to: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 127).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            to.push(low);
            return;
        }
        to.push(low | 128);
    }
}

pub(crate) fn take(from: &mut impl Read) -> io::Result<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut octet = [0];
        from.read_exact(&mut octet)?;
        let [octet] = octet;
        let part = u64::from(octet & 127);
        let placed = part << shift;
        if placed >> shift != part {
            break;
        }
        number |= placed;
        if octet < 128 {
            return Ok(number);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// As many octets as are said to follow, at most `most`.
pub(crate) fn take_octets(from: &mut impl Read, most: u64) -> io::Result<Vec<u8>> {
    let length = take(from)?;
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // What is there decides how much is set aside, not what is said.
    let mut octets = Vec::new();
    let read = from.by_ref().take(length).read_to_end(&mut octets)?;
    if read as u64 == length { Ok(octets) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut octets = Vec::new();
            put(&mut octets, number);
            assert_eq!(take(&mut octets.as_slice()).unwrap(), number);
        }
    }

    #[test]
    fn what_never_ends_or_is_cut_is_refused() {
        assert!(take(&mut [0xff_u8; 20].as_slice()).is_err());
        assert!(take(&mut [0x80_u8].as_slice()).is_err());
        assert!(take_octets(&mut [9_u8, 1, 2].as_slice(), 100).is_err());
        assert!(take_octets(&mut [9_u8, 1, 2].as_slice(), 5).is_err());
    }
}
