//! Programs that bring a resolver of their own: DNS over TLS and HTTPS to a provider that really answers.

use std::net::IpAddr;

use gapura_lab::daemon::Site;
use gapura_lab::traffic::Knock;
use gapura_lab::visit::Family;

use super::{FORBIDDEN, clause, filtered, head, of, own, tcp, their, until_status};
use crate::provider::{self, PROVIDER, no_provider};
use crate::stand::{SOON, admit, families, log, visitor_of, wait};

fn sop() -> String {
    head("regency", "SOP/UJI/01")
        + &clause(1, "Situs perjudian diblokir.", "action = \"block\"\nnames = [\"situs-judi.example\"]")
        + &no_provider(2)
}

/// What a program on a visitor's device prints, errors included.
fn run(site: &Site, number: u16, program: &str, words: &[&str]) -> String {
    let output = visitor_of(site, number).ns().command(program).args(words).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{said}{wrong}")
}

/// `kdig` over TLS or HTTPS.
fn kdig(site: &Site, number: u16, at: IpAddr, over: &str) -> String {
    run(site, number, "kdig", &[&format!("@{at}"), over, "+timeout=5", "+retry=1", FORBIDDEN])
}

/// `curl` with DNS over HTTPS at this provider, to a site that the SOP forbids.
fn curl(site: &Site, number: u16, provider: &str) -> String {
    let url = format!("https://{provider}/dns-query");
    let site_url = format!("http://{FORBIDDEN}/");
    run(site, number, "curl", &["-sS", "-m", "20", "--doh-insecure", "--doh-url", &url, &site_url])
}

#[test]
fn dns_over_tls_and_https_to_a_provider_is_refused_but_to_staff() {
    let site = filtered("fdoh", 2, &[sop()], None);
    let mut provider = provider::open(&site);
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, 2, &["--plan", "kuota"]);
    until_status(&site, 1, FORBIDDEN, "NXDOMAIN");
    let words = || provider::log(&site);
    for family in families(&site) {
        let at = their(family);
        // The provider works: staff get the forbidden name there. This is what the rule is against.
        for over in ["+tls", "+https"] {
            wait(&format!("the provider {over} over {family}: {:?} {}", provider.ended(), words()), SOON * 2, || {
                let said = kdig(&site, 2, at, over);
                (said.contains("status: NOERROR") && said.contains(&of(0, Family::V4).to_string())).then_some(())
            });
        }
        for port in [443, 853] {
            wait(&format!("port {port} to be refused over {family}\n{}", log(&site)), SOON, || {
                (tcp(&site, 1, at, port) == Knock::Refused).then_some(())
            });
        }
        for over in ["+tls", "+https"] {
            let said = kdig(&site, 1, at, over);
            assert!(!said.contains("status:"), "{over} over {family}: {said}");
        }
        let literal = if family == Family::V4 { at.to_string() } else { format!("[{at}]") };
        let said = curl(&site, 2, &literal);
        assert!(said.contains("Internet lab server 0"), "curl over {family} for staff: {said}");
        let said = curl(&site, 1, &literal);
        assert!(!said.contains("Internet lab server"), "curl over {family}: {said}");
        // Only these ports of theirs: the provider's other services go on.
        let said = run(&site, 1, "dig", &[&format!("@{at}"), "+time=5", "sekolah.example"]);
        assert!(said.contains("status: NOERROR"), "{said}");
    }
    // By name: nobody but staff is told where the provider is, and a resolver of ours offers no other way.
    until_status(&site, 1, PROVIDER, "NXDOMAIN");
    until_status(&site, 2, PROVIDER, "NOERROR");
    let said = curl(&site, 1, PROVIDER);
    assert!(!said.contains("Internet lab server"), "{said}");
    // Without any such wish the same program reaches what is allowed, and is refused the rest.
    let said = run(&site, 1, "curl", &["-sS", "-m", "20", "http://sekolah.example/"]);
    assert!(said.contains("Internet lab server 0"), "{said}");
    let said = run(&site, 1, "curl", &["-sS", "-m", "20", &format!("http://{FORBIDDEN}/")]);
    assert!(said.contains("Could not resolve host"), "{said}");
    // Automatic encryption falls back at once: our own resolver has no TLS, and says so.
    assert_eq!(tcp(&site, 1, own(), 853), Knock::Refused);
}
