//! What phones and PCs ask to find out whether there is a portal: reference/STANDARDS.md section 1.4 as data.
//!
//! The same rows are the visitors' questions and upstream's true answers, so that "passes through untouched" can be
//! checked to the byte.

use crate::http::Reply;

/// A system's true answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Success {
    /// HTTP status.
    pub status: u16,
    /// A header that must be there.
    pub header: Option<(&'static str, &'static str)>,
    /// The exact body.
    pub body: &'static str,
}

/// One question of one system, on port 80.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Who asks.
    pub system: &'static str,
    /// Host asked.
    pub host: &'static str,
    /// Path and query asked.
    pub path: &'static str,
    /// The asking program's User-Agent.
    pub user_agent: &'static str,
    /// What it takes for "online".
    pub success: Success,
}

/// How a system takes the answer it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Online.
    Online,
    /// A portal: its window opens.
    Portal,
    /// Neither: no window opens and the network is taken for broken.
    Broken,
}

const NO_CONTENT: Success = Success { status: 204, header: None, body: "" };
const APPLE: Success =
    Success { status: 200, header: None, body: "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>" };
const ANDROID: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.32 Safari/537.36";
const CNA: &str = "CaptiveNetworkSupport-443.40.4 wispr";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

const fn probe(
    system: &'static str,
    host: &'static str,
    path: &'static str,
    user_agent: &'static str,
    success: Success,
) -> Probe {
    Probe { system, host, path, user_agent, success }
}

const fn text(body: &'static str) -> Success {
    Success { status: 200, header: None, body }
}

/// All rows.
pub const PROBES: &[Probe] = &[
    probe("Android", "connectivitycheck.gstatic.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("Android, fallback", "www.google.com", "/gen_204", ANDROID, NO_CONTENT),
    probe("Android, second fallback", "play.googleapis.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("Xiaomi", "connect.rom.miui.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("Huawei", "connectivitycheck.platform.hicloud.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("Honor", "connectivitycheck.platform.hihonorcloud.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("OPPO, realme, OnePlus", "conn1.oppomobile.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("OPPO, second", "conn2.oppomobile.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("vivo", "wifi.vivo.com.cn", "/generate_204", ANDROID, NO_CONTENT),
    probe("Samsung", "d2uzsrnmmf6tds.cloudfront.net", "/generate_204", ANDROID, NO_CONTENT),
    probe("Samsung, own", "connectivitycheck.samsung.com", "/generate_204", ANDROID, NO_CONTENT),
    probe("iOS, macOS", "captive.apple.com", "/hotspot-detect.html", CNA, APPLE),
    probe("iOS 6", "www.apple.com", "/library/test/success.html", CNA, APPLE),
    probe("iOS, older", "www.appleiphonecell.com", "/", CNA, APPLE),
    probe("iOS, older", "www.airport.us", "/", CNA, APPLE),
    probe("iOS, older", "www.ibook.info", "/", CNA, APPLE),
    probe("iOS, older", "www.itools.info", "/", CNA, APPLE),
    probe("iOS, older", "www.thinkdifferent.us", "/", CNA, APPLE),
    probe("Windows", "www.msftconnecttest.com", "/connecttest.txt", "Microsoft NCSI", text("Microsoft Connect Test")),
    probe("Windows 7", "www.msftncsi.com", "/ncsi.txt", "Microsoft NCSI", text("Microsoft NCSI")),
    probe("Edge", "edge-http.microsoft.com", "/captiveportal/generate_204", CHROME, NO_CONTENT),
    probe("Chrome", "www.gstatic.com", "/generate_204", CHROME, NO_CONTENT),
    probe("ChromeOS", "safebrowsing.google.com", "/generate_204", CHROME, NO_CONTENT),
    probe("ChromeOS", "www.googleapis.com", "/generate_204", CHROME, NO_CONTENT),
    probe(
        "Firefox",
        "detectportal.firefox.com",
        "/canonical.html",
        FIREFOX,
        text("<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>"),
    ),
    probe("Firefox, IPv4", "detectportal.firefox.com", "/success.txt?ipv4", FIREFOX, text("success\n")),
    probe("Firefox, IPv6", "detectportal.firefox.com", "/success.txt?ipv6", FIREFOX, text("success\n")),
    probe(
        "NetworkManager, Debian",
        "network-test.debian.org",
        "/nm",
        "NetworkManager/1.42.4",
        Success {
            status: 200,
            header: Some(("X-NetworkManager-Status", "online")),
            body: "NetworkManager is online\n",
        },
    ),
    probe(
        "NetworkManager, Ubuntu",
        "connectivity-check.ubuntu.com",
        "/",
        "NetworkManager/1.46.0",
        Success { status: 204, header: Some(("X-NetworkManager-Status", "online")), body: "" },
    ),
    probe(
        "GNOME",
        "nmcheck.gnome.org",
        "/check_network_status.txt",
        "NetworkManager/1.46.0",
        text("NetworkManager is online\n"),
    ),
    probe("Fedora", "fedoraproject.org", "/static/hotspot.txt", "NetworkManager/1.46.0", text("OK")),
    probe(
        "Fire OS",
        "spectrum.s3.amazonaws.com",
        "/kindle-wifi/wifistub.html",
        "Mozilla/5.0 (Linux; Android 9; KFMUWI) AppleWebKit/537.36",
        text("81ce4465-7167-4dcb-835b-dcc9e44c112a"),
    ),
];

impl Probe {
    /// How this system takes `reply`.
    pub fn takes(&self, reply: &Reply) -> Seen {
        let header_ok = self.success.header.is_none_or(|(name, value)| reply.header(name) == Some(value));
        if reply.status == self.success.status && reply.body == self.success.body.as_bytes() && header_ok {
            return Seen::Online;
        }
        match reply.status {
            // Chrome takes 511 for a portal, others do not: nobody may depend on it.
            200..=399 if reply.status != 204 && reply.body.len() > 4 => Seen::Portal,
            _ => Seen::Broken,
        }
    }
}

/// Upstream's true answer for a host and path, if it is a probe's.
pub fn answer_for(host: &str, path: &str) -> Option<&'static Success> {
    let host = host.split(':').next().unwrap_or_default();
    PROBES.iter().find(|probe| probe.host.eq_ignore_ascii_case(host) && probe.path == path).map(|probe| &probe.success)
}
