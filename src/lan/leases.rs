//! dnsmasq's lease file.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use gapura_model::MacAddr;
use jiff::Timestamp;

/// One lent address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who borrowed it.
    pub mac: MacAddr,
    /// Until when, by the kernel's wall clock; `None` = for ever.
    pub until: Option<Timestamp>,
}

/// The addresses lent at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases(BTreeMap<Ipv4Addr, Lease>);

impl Leases {
    /// Reads the file's text; total: lines of another kind (DHCPv6, DUID) or of no kind are passed over. Leases that ended
    /// before `kernel_now` (the machine's own wall clock, which is dnsmasq's) are left out. Names of devices are not read.
    pub fn parse(text: &str, kernel_now: Timestamp) -> Self {
        Self(text.lines().filter_map(|line| lease(line, kernel_now)).collect())
    }

    /// Who holds `address`.
    pub fn by_address(&self, address: Ipv4Addr) -> Option<&Lease> {
        self.0.get(&address)
    }

    /// How many addresses are lent.
    pub fn used(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// All of them, by address.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, &Lease)> {
        self.0.iter().map(|(address, lease)| (*address, lease))
    }
}

fn lease(line: &str, now: Timestamp) -> Option<(Ipv4Addr, Lease)> {
    let mut fields = line.split(' ');
    let until: i64 = fields.next()?.parse().ok()?;
    let mac = fields.next()?.parse().ok()?;
    let address = fields.next()?.parse().ok()?;
    let until = if until == 0 { None } else { Some(Timestamp::from_second(until).ok()?) };
    until.is_none_or(|until| until > now).then_some((address, Lease { mac, until }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_line_by_line_whatever_it_holds() {
        let text = "1800000100 02:00:00:00:00:01 10.0.0.2 hp-andi 01:02:00:00:00:00:01\n\
                    1800000000 02:00:00:00:00:02 10.0.0.3 * *\n\
                    0 02:00:00:00:00:03 10.0.0.4 * *\n\
                    duid 00:01:00:01\n1800000100 1 fd00::2 x 00:01\n\n\0\n99999999999999999999 a b c";
        let leases = Leases::parse(text, Timestamp::constant(1_800_000_000, 0));
        assert_eq!(leases.used(), 2);
        let mac = leases.by_address("10.0.0.2".parse().unwrap()).unwrap().mac;
        assert_eq!(mac, "02:00:00:00:00:01".parse().unwrap());
        assert_eq!(leases.by_address("10.0.0.4".parse().unwrap()).unwrap().until, None);
    }
}
