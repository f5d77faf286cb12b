//! Every client's question whether there is a portal (hosts, paths and user agents of the field), asked before login, while
//! online and after the visit: what opens its login window is what it gets, over IPv4 and IPv6 alike.

use std::time::Duration;

use crate::support::{Client, Plan, Reply, open};
use captive_portal::EndReason;

const ANDROID: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.32 Safari/537.36";
const CNA: &str = "CaptiveNetworkSupport-407.40.1 wispr";

/// What makes a client open its login window.
#[derive(Clone, Copy, Debug)]
enum Opens {
    /// 200 to 399 and not 204, a body of more than 4 bytes.
    AnythingButEmpty,
    /// Any body that is not this one.
    OtherBody(&'static str),
    /// A redirect with a usable Location.
    Redirect,
    /// Anything but the header `X-NetworkManager-Status: online`, or a body that begins otherwise.
    NetworkManager(&'static str),
}

#[rustfmt::skip]
const PROBES: &[(&str, &str, &str, &str, Opens)] = &[
    ("Android", "connectivitycheck.gstatic.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Android, fallback", "www.google.com", "/gen_204", ANDROID, Opens::AnythingButEmpty),
    ("Android, fallback", "play.googleapis.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Xiaomi", "connect.rom.miui.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Huawei", "connectivitycheck.platform.hicloud.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Honor", "connectivitycheck.platform.hihonorcloud.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("OPPO", "conn1.oppomobile.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("OPPO", "conn2.oppomobile.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("vivo", "wifi.vivo.com.cn", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Samsung", "d2uzsrnmmf6tds.cloudfront.net", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("Samsung", "connectivitycheck.samsung.com", "/generate_204", ANDROID, Opens::AnythingButEmpty),
    ("iOS", "captive.apple.com", "/hotspot-detect.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.apple.com", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.appleiphonecell.com", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.airport.us", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.ibook.info", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.itools.info", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("iOS, older", "www.thinkdifferent.us", "/library/test/success.html", CNA, Opens::OtherBody("Success")),
    ("macOS window", "captive.apple.com", "/", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", Opens::OtherBody("Success")),
    ("Windows", "www.msftconnecttest.com", "/connecttest.txt", "Microsoft NCSI", Opens::OtherBody("Microsoft Connect Test")),
    ("Windows, older", "www.msftncsi.com", "/ncsi.txt", "Microsoft NCSI", Opens::OtherBody("Microsoft NCSI")),
    ("Windows window", "www.msftconnecttest.com", "/redirect", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/120.0", Opens::Redirect),
    ("Edge", "edge-http.microsoft.com", "/captiveportal/generate_204", "Mozilla/5.0 (Windows NT 10.0) Edg/120.0", Opens::AnythingButEmpty),
    ("Chrome", "www.gstatic.com", "/generate_204", "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0", Opens::AnythingButEmpty),
    ("ChromeOS", "www.google.com", "/gen_204", "Mozilla/5.0 (X11; CrOS x86_64) Chrome/120.0", Opens::Redirect),
    ("ChromeOS", "www.play.googleapis.com", "/generate_204", "", Opens::Redirect),
    ("ChromeOS", "safebrowsing.google.com", "/generate_204", "", Opens::Redirect),
    ("ChromeOS", "www.googleapis.com", "/generate_204", "", Opens::Redirect),
    ("Firefox", "detectportal.firefox.com", "/canonical.html", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", Opens::OtherBody("<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>")),
    ("Firefox", "detectportal.firefox.com", "/success.txt?ipv4", "Mozilla/5.0 Firefox/128.0", Opens::OtherBody("success")),
    ("Firefox", "detectportal.firefox.com", "/success.txt?ipv6", "Mozilla/5.0 Firefox/128.0", Opens::OtherBody("success")),
    ("NetworkManager, Debian", "network-test.debian.org", "/nm", "NetworkManager/1.42.4", Opens::NetworkManager("NetworkManager is online")),
    ("NetworkManager, Ubuntu", "connectivity-check.ubuntu.com", "/", "NetworkManager/1.46", Opens::NetworkManager("")),
    ("NetworkManager, GNOME", "nmcheck.gnome.org", "/check_network_status.txt", "NetworkManager/1.46", Opens::NetworkManager("NetworkManager is online")),
    ("NetworkManager, Fedora", "fedoraproject.org", "/static/hotspot.txt", "NetworkManager/1.46", Opens::NetworkManager("OK")),
    ("GNOME portal helper", "nmcheck.gnome.org", "/", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 Version/16.0 Safari/605.1.15", Opens::Redirect),
    ("Fire OS", "spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", "Dalvik/2.1.0", Opens::OtherBody("81ce4465-7167-4dcb-835b-dcc9e44c112a")),
    ("Fire OS window", "spectrum.s3.amazonaws.com", "/kindle-wifi/wifiredirect.html", "Mozilla/5.0 (Linux; Android 9) Silk/120", Opens::Redirect),
    ("KaiOS", "detectportal.firefox.com", "/success.txt", "Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", Opens::OtherBody("success")),
];

async fn ask(device: Client, host: &str, path: &str, agent: &str) -> Reply {
    device.get_from(host, path, &format!("User-Agent: {agent}\r\nAccept: */*\r\n")).await
}

/// The reply every client understands: 303 to the portal, not to be kept, a body, closed.
#[track_caller]
fn opens_the_window(name: &str, reply: &Reply, portal: &str, opens: Opens) {
    assert_eq!(reply.status, 303, "{name}");
    assert_eq!(reply.header("location"), portal, "{name}");
    assert_eq!(reply.header("cache-control"), "no-store", "{name}");
    assert_eq!(reply.header("connection"), "close", "{name}");
    assert_eq!(reply.header("content-length"), reply.body.len().to_string(), "{name}");
    let body = reply.text();
    match opens {
        Opens::AnythingButEmpty => {
            assert!((200..400).contains(&reply.status) && reply.status != 204 && body.len() > 4, "{name}");
        }
        Opens::OtherBody(success) => assert!(!body.is_empty() && !body.contains(success), "{name}"),
        Opens::Redirect => assert!(reply.header("location").starts_with("http"), "{name}"),
        Opens::NetworkManager(prefix) => {
            assert_eq!(reply.header("x-networkmanager-status"), "", "{name}");
            assert!(!body.is_empty() && (prefix.is_empty() || !body.starts_with(prefix)), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_is_shown_the_portal_before_login_and_after_the_visit() {
    let house = open(Plan::default());
    let both = [(house.device(7), "http://127.0.0.1/"), (house.device6(), "http://[::1]/")];
    for (device, portal) in both {
        for (name, host, path, agent, opens) in PROBES {
            opens_the_window(name, &ask(device, host, path, agent).await, portal, *opens);
        }
        assert_eq!(device.tap().await.leads(), "/status");
        // Online, the kernel lets these probes through and they never come here. One that still does (a race, a wrong
        // rule) is redirected as ever: success is never faked.
        for (name, host, path, agent, opens) in PROBES {
            opens_the_window(name, &ask(device, host, path, agent).await, portal, *opens);
        }
        house.world.pass(Duration::from_hours(3));
        for (name, host, path, agent, opens) in PROBES {
            opens_the_window(name, &ask(device, host, path, agent).await, portal, *opens);
        }
        device.get("/").await.says("Waktu Anda habis");
    }
    let asked = u64::try_from(PROBES.len()).unwrap() * 6;
    assert_eq!(house.portal.counts().redirects, asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_asks_the_gate_nothing() {
    let house = open(Plan::default());
    for _ in 0..20 {
        ask(house.device(9), "captive.apple.com", "/", CNA).await;
    }
    assert_eq!(house.world.set(|inner| inner.views), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_and_a_hostile_host_lead_to_the_portal_and_nowhere_else() {
    let house = open(Plan::default());
    let device = house.device(7);
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let reply = device.raw(format!("{method} /a?b HTTP/1.1\r\nHost: example.org\r\n\r\n").as_bytes()).await;
        assert_eq!(reply.leads(), "http://127.0.0.1/", "{method}");
        assert_eq!(reply.body.len().to_string(), reply.header("content-length"));
    }
    let reply = device.raw(b"HEAD / HTTP/1.1\r\nHost: example.org\r\n\r\n").await;
    assert_eq!((reply.leads(), reply.body.len()), ("http://127.0.0.1/", 0));
    for host in
        ["127.0.0.1.evil.example", "evil.example\"><script>", "127.0.0.1@evil.example", "evil.example:80", "[::1]", ""]
    {
        let reply = device.get_from(host, "//evil.example/", "X-Forwarded-Host: evil.example\r\n").await;
        assert_eq!(reply.leads(), "http://127.0.0.1/", "{host}");
        assert!(!reply.text().contains("evil"), "{host}");
    }
    let reply = device.raw(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 100000\r\n\r\nsome").await;
    assert_eq!(reply.leads(), "http://127.0.0.1/");
    let reply = device.raw(b"GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(reply.leads(), "http://127.0.0.1/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kicked_device_sees_the_reason_on_its_next_page() {
    let house = open(Plan::default());
    let device = house.device(7);
    device.tap().await;
    house.world.kick("127.0.0.7", EndReason::Staff { reason: None });
    let reply = ask(device, "captive.apple.com", "/hotspot-detect.html", CNA).await;
    opens_the_window("iOS", &reply, "http://127.0.0.1/", Opens::OtherBody("Success"));
    device.get("/").await.says("Sesi diakhiri petugas");
}
