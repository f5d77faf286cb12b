//! Names that a filter had better know: what must never be blocked, who shares a suffix, who shares a network.

use gapura_model::Name;

/// Why a name is not to be blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protects {
    /// Phones and computers ask it whether they are online.
    Probe,
    /// Android asks it whether its own encrypted DNS works.
    PrivateDns,
    /// Browsers and systems ask it which certificates are good.
    Revocation,
    /// Clocks are set by it.
    Clock,
    /// Warnings of earthquakes, tsunami and weather.
    Warnings,
    /// Services of the government.
    Government,
    /// Gapura's own controller.
    Controller,
}

impl Protects {
    /// What happens to people when it is blocked.
    pub const fn consequence(self) -> &'static str {
        match self {
            Self::Probe => {
                "devices ask it whether they are online; blocked, they say \"no internet\" and leave the network"
            }
            Self::PrivateDns => {
                "Android asks it whether its private DNS works; blocked, the whole network counts as broken"
            }
            Self::Revocation => {
                "browsers and phones ask it whether certificates are still good; blocked, pages hang or fail"
            }
            Self::Clock => "devices set their clocks by it; with a wrong clock no secure page opens",
            Self::Warnings => "it warns of earthquakes, tsunami and weather",
            Self::Government => "it is a service of the government",
            Self::Controller => "the gateways reach their own controller by it; blocked, changes no longer arrive",
        }
    }
}

/// Probes of STANDARDS 1.4, revocation and time hosts of the systems in common use, BMKG.
const PROTECTED: &[(Protects, &[&str])] = &[
    (
        Protects::Probe,
        &[
            "connectivitycheck.gstatic.com",
            "www.gstatic.com",
            "www.google.com",
            "play.googleapis.com",
            "www.play.googleapis.com",
            "connect.rom.miui.com",
            "connectivitycheck.platform.hicloud.com",
            "connectivitycheck.platform.hihonorcloud.com",
            "conn1.oppomobile.com",
            "conn2.oppomobile.com",
            "wifi.vivo.com.cn",
            "connectivitycheck.samsung.com",
            "d2uzsrnmmf6tds.cloudfront.net",
            "captive.apple.com",
            "www.apple.com",
            "www.appleiphonecell.com",
            "www.airport.us",
            "www.ibook.info",
            "www.itools.info",
            "www.thinkdifferent.us",
            "www.msftconnecttest.com",
            "www.msftncsi.com",
            "dns.msftncsi.com",
            "edge-http.microsoft.com",
            "detectportal.firefox.com",
            "connectivity-check.ubuntu.com",
            "network-test.debian.org",
            "nmcheck.gnome.org",
            "fedoraproject.org",
            "accounts.google.com",
            "www.googleapis.com",
            "safebrowsing.google.com",
            "spectrum.s3.amazonaws.com",
        ],
    ),
    (Protects::PrivateDns, &["0123abcd-dnsotls-ds.metric.gstatic.com"]),
    (
        Protects::Revocation,
        &[
            "ocsp.digicert.com",
            "crl3.digicert.com",
            "crl4.digicert.com",
            "ocsp.sectigo.com",
            "crl.sectigo.com",
            "ocsp.usertrust.com",
            "crl.usertrust.com",
            "ocsp.globalsign.com",
            "crl.globalsign.com",
            "ocsp2.globalsign.com",
            "o.pki.goog",
            "c.pki.goog",
            "x1.c.lencr.org",
            "ocsp.apple.com",
            "crl.apple.com",
            "valid.apple.com",
            "crl.microsoft.com",
            "oneocsp.microsoft.com",
            "ocsp.msocsp.com",
            "ctldl.windowsupdate.com",
            "ocsp.rootca1.amazontrust.com",
            "crl.rootca1.amazontrust.com",
            "ocsp.entrust.net",
            "crl.entrust.net",
        ],
    ),
    (
        Protects::Clock,
        &[
            "pool.ntp.org",
            "id.pool.ntp.org",
            "android.pool.ntp.org",
            "time.android.com",
            "time.google.com",
            "time.apple.com",
            "time.windows.com",
            "time.cloudflare.com",
            "ntp.ubuntu.com",
        ],
    ),
    (Protects::Warnings, &["bmkg.go.id", "www.bmkg.go.id", "data.bmkg.go.id", "api.bmkg.go.id", "inatews.bmkg.go.id"]),
    (Protects::Government, &["go.id", "www.indonesia.go.id", "layanan.go.id"]),
];

/// Names that are not to be blocked, and why. Guards of lists use them too.
pub fn protected_names() -> impl Iterator<Item = (Protects, Name)> {
    let names = PROTECTED.iter().flat_map(|(why, names)| names.iter().map(move |name| (*why, name)));
    names.filter_map(|(why, name)| Some((why, name.parse().ok()?)))
}

/// Suffixes under which many owners have names: blocking or opening one means all of them.
const SHARED_SUFFIXES: &[&str] = &[
    "ac.id",
    "biz.id",
    "co.id",
    "desa.id",
    "go.id",
    "kop.id",
    "mil.id",
    "my.id",
    "net.id",
    "or.id",
    "ponpes.id",
    "sch.id",
    "web.id",
    "co.uk",
    "org.uk",
    "ac.uk",
    "gov.uk",
    "com.au",
    "net.au",
    "org.au",
    "com.sg",
    "com.my",
    "co.jp",
    "ne.jp",
    "co.kr",
    "com.cn",
    "com.hk",
    "com.tw",
    "co.in",
    "com.br",
    "com.tr",
    "co.nz",
    "co.za",
    "com.ph",
    "com.vn",
    "co.th",
    "eu.org",
    "github.io",
    "gitlab.io",
    "pages.dev",
    "workers.dev",
    "web.app",
    "firebaseapp.com",
    "blogspot.com",
    "wordpress.com",
    "tumblr.com",
    "netlify.app",
    "vercel.app",
    "herokuapp.com",
    "onrender.com",
    "cloudfront.net",
    "azurewebsites.net",
    "amazonaws.com",
    "s3.amazonaws.com",
    "duckdns.org",
    "ddns.net",
];

/// Whether many owners have names right below `name`: a top-level domain, or a suffix they share.
pub fn is_shared_suffix(name: &Name) -> bool {
    // The name, and the root.
    name.suffixes().count() <= 2 || shares(SHARED_SUFFIXES, |shared| shared == *name)
}

/// Networks that carry the sites of many owners under the same addresses.
const SHARED_NETWORKS: &[&str] = &[
    "cloudfront.net",
    "akamai.net",
    "akamaiedge.net",
    "akamaihd.net",
    "akamaized.net",
    "edgekey.net",
    "edgesuite.net",
    "fastly.net",
    "fastlylb.net",
    "cloudflare.com",
    "cloudflare.net",
    "cdn.cloudflare.net",
    "jsdelivr.net",
    "unpkg.com",
    "azureedge.net",
    "azurefd.net",
    "trafficmanager.net",
    "amazonaws.com",
    "googleusercontent.com",
    "googleapis.com",
    "gstatic.com",
    "ggpht.com",
    "b-cdn.net",
    "cdn77.org",
    "stackpathcdn.com",
    "github.io",
    "githubusercontent.com",
    "pages.dev",
    "workers.dev",
    "web.app",
    "netlify.app",
    "vercel.app",
    "fbcdn.net",
    "alicdn.com",
    "kxcdn.com",
];

/// Whether `name` lies on a network that many owners share.
pub fn is_on_shared_network(name: &Name) -> bool {
    shares(SHARED_NETWORKS, |shared| name.is_within(&shared))
}

fn shares(table: &[&str], test: impl Fn(Name) -> bool) -> bool {
    table.iter().filter_map(|name| name.parse().ok()).any(test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_a_name() {
        let written: usize = PROTECTED.iter().map(|(_, names)| names.len()).sum();
        assert_eq!(protected_names().count(), written);
        for name in SHARED_SUFFIXES.iter().chain(SHARED_NETWORKS) {
            assert!(name.parse::<Name>().is_ok(), "{name}");
        }
    }

    #[test]
    fn top_level_domains_are_shared() {
        for (name, shared) in
            [("com", true), ("id", true), ("go.id", true), ("sinjaikab.go.id", false), ("contoh.com", false)]
        {
            assert_eq!(is_shared_suffix(&name.parse().unwrap()), shared, "{name}");
        }
        assert!(is_on_shared_network(&"d111.cloudfront.net".parse().unwrap()));
        assert!(!is_on_shared_network(&"bmkg.go.id".parse().unwrap()));
    }
}
