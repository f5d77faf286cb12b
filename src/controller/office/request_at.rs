//! Whose number it is: that of a request or an appeal.

use gapura_model::SiteId;

/// Where a request or an appeal is looked for. Numbers are drawn by gateways: one that lies may use another site's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At<'a> {
    /// Among those of this site.
    Site(&'a SiteId),
    /// On the desk of this agency.
    Desk(&'a str),
    /// Anywhere, where the number stands for one alone.
    Anywhere,
}

impl At<'_> {
    /// The only one there of those with one number; `of` gives its site and agency.
    pub(super) fn only<T>(self, all: Vec<T>, of: impl Fn(&T) -> (&str, &str)) -> Option<T> {
        let mut fit = all.into_iter().filter(|one| match self {
            Self::Site(site) => of(one).0 == site.as_str(),
            Self::Desk(agency) => of(one).1 == agency,
            Self::Anywhere => true,
        });
        fit.next().filter(|_| fit.next().is_none())
    }

    /// The agency for which something is done.
    pub(super) const fn desk(&self) -> Option<&str> {
        match self {
            Self::Desk(agency) => Some(agency),
            Self::Site(_) | Self::Anywhere => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_one_request() {
        let (galeri, lain): (SiteId, SiteId) = ("galeri".parse().unwrap(), "lain".parse().unwrap());
        let both = || vec![("galeri", "Dinas PU"), ("lain", "")];
        let only = |at: At<'_>, all: Vec<(&'static str, &'static str)>| at.only(all, |one| (one.0, one.1));
        assert_eq!(only(At::Site(&lain), both()), Some(("lain", "")));
        assert_eq!(only(At::Site(&galeri), both()), Some(("galeri", "Dinas PU")));
        assert_eq!(only(At::Desk("Dinas PU"), both()), Some(("galeri", "Dinas PU")));
        assert_eq!(only(At::Desk("Dinas Lain"), both()), None);
        assert_eq!(only(At::Anywhere, both()), None, "whose it is has to be said");
        assert_eq!(only(At::Anywhere, vec![("lain", "")]), Some(("lain", "")));
        assert_eq!(only(At::Site(&galeri), vec![("lain", "")]), None);
    }
}
