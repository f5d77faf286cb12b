//! Real DHCP clients, each with its files in the visitor's directory and one hook script for all three.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::child::Guarded;
use crate::{DhcpClient, LabError, Ns};

const LEASE: &str = "lease";
const LOG: &str = "dhcp.log";
/// The directory dhcpcd keeps its leases in, fixed when it was built; a tmpfs is put over it, in its mounts only.
const DHCPCD_DIR: &str = "/var/lib/dhcpcd";

/// What DHCP gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The visitor's address.
    pub address: Ipv4Addr,
    /// The default router (option 3).
    pub router: Ipv4Addr,
    /// Resolvers (option 6).
    pub dns: Vec<Ipv4Addr>,
    /// Lease time in seconds (option 51).
    pub seconds: Option<u32>,
    /// Captive-portal URI (option 114, RFC 8910).
    pub portal: Option<String>,
}

impl Lease {
    /// The lease in a visitor's directory, if it has one.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, LabError> {
        let Ok(text) = fs::read_to_string(dir.join(LEASE)) else { return Ok(None) };
        let of = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?.trim();
            Some(value).filter(|value| !value.is_empty())
        };
        let address = of("address").and_then(|text| text.parse().ok());
        let router = of("router").and_then(|text| text.split_ascii_whitespace().next()?.parse().ok());
        let (Some(address), Some(router)) = (address, router) else {
            return Err(LabError::answer("DHCP", format!("a lease without address or router: {text:?}")));
        };
        let dns = of("dns").unwrap_or_default().split_ascii_whitespace().filter_map(|text| text.parse().ok()).collect();
        let seconds = of("seconds").and_then(|text| text.parse().ok());
        Ok(Some(Self {
            address,
            router,
            dns,
            seconds,
            portal: of("portal").map(|text| text.trim_matches('"').to_owned()),
        }))
    }
}

/// One script for the three clients' hooks: their variables differ, what is done does not.
/// `DIR` is replaced by the visitor's directory (a path the lab made, without quotes).
const HOOK: &str = r#"#!/bin/sh
[ -n "$interface" ] || exit 0
case "${1:-}${reason:-}" in
bound|renew) mask=$subnet; routers=$router; servers=$dns; seconds=$lease; portal=$opt114
    hex=$(printf %s "$portal" | tr -d 0-9a-fA-F)
    [ -n "$portal" ] && [ -z "$hex" ] && portal=$(printf %s "$portal" | sed 's/../\\x&/g' | xargs -0 printf %b) ;;
BOUND|RENEW|REBIND|REBOOT) ip=$new_ip_address; mask=$new_subnet_mask; routers=$new_routers; servers=$new_domain_name_servers
    seconds=$new_dhcp_lease_time; portal=${new_captive_portal:-$new_captive_portal_uri} ;;
*) exit 0 ;;
esac
length=0
for octet in $(echo "$mask" | tr . ' '); do
    while [ "$octet" -gt 0 ]; do length=$((length + octet % 2)); octet=$((octet / 2)); done
done
ip address replace "$ip/$length" dev "$interface"
for one in $routers; do ip route replace default via "$one" dev "$interface"; break; done
: > "DIR/resolv.new"
for one in $servers; do echo "nameserver $one" >> "DIR/resolv.new"; done
cat "DIR/resolv.new" > "DIR/resolv.conf"
printf 'address=%s\nrouter=%s\ndns=%s\nseconds=%s\nportal=%s\n' "$ip" "$routers" "$servers" "$seconds" "$portal" > "DIR/lease.new"
mv "DIR/lease.new" "DIR/lease"
"#;

const DHCLIENT_CONF: &str = "option captive-portal code 114 = text;
timeout 10;
retry 1;
initial-interval 1;
backoff-cutoff 2;
request subnet-mask, broadcast-address, routers, domain-name-servers, dhcp-lease-time, captive-portal;
";

/// Debian 12's version knows option 114 only by what it was before RFC 8910.
const DHCPCD_CONF: &str = "define 114 string captive_portal_uri
option domain_name_servers, routers, subnet_mask, captive_portal_uri
noipv6
noipv6rs
noarp
ipv4only
timeout 10
";

/// Starts the client in the foreground of its own process group.
pub(super) fn start(client: DhcpClient, ns: &Ns, card: &str, dir: &Path) -> Result<Guarded, LabError> {
    forget(dir)?;
    let hook = dir.join("hook");
    write(&hook, &HOOK.replace("DIR", &dir.to_string_lossy()))?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).map_err(LabError::io("make the hook a program"))?;
    let pid = dir.join("client.pid");
    let mut command = match client {
        DhcpClient::Udhcpc => {
            let mut command = ns.command("udhcpc");
            command.args(["-f", "-i", card, "-t", "8", "-T", "1", "-A", "1", "-O", "114", "-s"]).arg(&hook);
            command.arg("-p").arg(&pid);
            command
        }
        DhcpClient::Dhclient => {
            let conf = dir.join("dhclient.conf");
            write(&conf, DHCLIENT_CONF)?;
            let mut command = ns.command("dhclient");
            command.args(["-4", "-d", "-cf"]).arg(conf).arg("-sf").arg(&hook);
            command.arg("-lf").arg(dir.join("dhclient.leases")).arg("-pf").arg(&pid).arg(card);
            command
        }
        DhcpClient::Dhcpcd => {
            let conf = dir.join("dhcpcd.conf");
            write(&conf, DHCPCD_CONF)?;
            // A fixed text; what it runs are its arguments. dhcpcd's own directories become the visitor's.
            let mut command = ns.command("sh");
            let script = format!(
                "for d in {DHCPCD_DIR} /run/dhcpcd; do mkdir -p $d 2>/dev/null; [ -d $d ] && mount -t tmpfs tmpfs $d; done; exec \"$@\""
            );
            command
                .arg("-c")
                .arg(script)
                .args(["sh", "dhcpcd", "-4", "-B", "-f"])
                .arg(conf)
                .arg("-c")
                .arg(&hook)
                .arg(card);
            command
        }
    };
    let log = File::create(dir.join(LOG)).map_err(LabError::io("create the DHCP client's log"))?;
    let copy = log.try_clone().map_err(LabError::io("share the DHCP client's log"))?;
    command.stdin(Stdio::null()).stdout(log).stderr(copy);
    Guarded::start(command)
}

/// Forgets the lease, so that the next one is a new one.
pub(super) fn forget(dir: &Path) -> Result<(), LabError> {
    match fs::remove_file(dir.join(LEASE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LabError::io("remove the old lease")(error)),
        _ => Ok(()),
    }
}

/// The last words of the client.
pub(super) fn log_end(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join(LOG)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(4)..).unwrap_or_default().join(" / ")
}

fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::io(format!("write {}", path.display())))
}
