//! When lent addresses run short.

/// Worth telling the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolAlert {
    /// 95 % or more are lent.
    NearlyFull,
    /// None is left: the next visitor gets no address.
    Full,
    /// Below 90 % again, after one of the others.
    Relieved,
}

/// Watches how many addresses are lent; says each thing once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolWatch(Level);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Fine,
    NearlyFull,
    Full,
}

impl PoolWatch {
    /// `used` of `size` addresses are lent now.
    pub fn observe(&mut self, used: u32, size: u32) -> Option<PoolAlert> {
        let (used, size) = (u64::from(used), u64::from(size));
        let level = if used >= size {
            Level::Full
        } else if used * 100 >= size * 95 {
            Level::NearlyFull.max(self.0)
        } else if used * 100 >= size * 90 {
            // Between the two thresholds nothing changes, so that one visitor going to and fro is no news.
            self.0
        } else {
            Level::Fine
        };
        let before = std::mem::replace(&mut self.0, level);
        match (before, level) {
            (Level::Fine, Level::NearlyFull) => Some(PoolAlert::NearlyFull),
            (Level::Fine | Level::NearlyFull, Level::Full) => Some(PoolAlert::Full),
            (Level::NearlyFull | Level::Full, Level::Fine) => Some(PoolAlert::Relieved),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once_and_not_at_every_coming_and_going() {
        let mut watch = PoolWatch::default();
        let mut told = Vec::new();
        for used in [0, 94, 95, 94, 95, 99, 100, 99, 100, 94, 91, 100, 90, 89, 50, 93, 95] {
            told.extend(watch.observe(used, 100));
        }
        assert_eq!(told, [PoolAlert::NearlyFull, PoolAlert::Full, PoolAlert::Relieved, PoolAlert::NearlyFull]);
    }

    #[test]
    fn the_smallest_pool_is_full_not_nearly() {
        assert_eq!(PoolWatch::default().observe(5, 5), Some(PoolAlert::Full));
    }
}
