//! dnsmasq(8) configuration: `address=/example.com/0.0.0.0`, `local=/example.com/`, `server=/example.com/`.

use super::{Cause, Out, host};
use crate::Deed;

pub(super) fn line(line: &str, out: Out<'_>) {
    let line = line.trim();
    // `#` is also a value here (`server=/example.com/#`): only behind a space does it begin a comment.
    let line = line.split_once(" #").or_else(|| line.split_once("\t#")).map_or(line, |(before, _)| before.trim());
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    let Some((key, rest)) = line.split_once('=') else { return out(Err(Cause::Unsupported)) };
    let Some(rest) = rest.trim().strip_prefix('/') else { return out(Err(Cause::Unsupported)) };
    let Some((names, value)) = rest.rsplit_once('/') else { return out(Err(Cause::Unsupported)) };
    let deed = match (key.trim(), value) {
        ("address" | "local", _) | ("server", "") => Deed::Hold,
        // Asked of some server, this or the usual ones: it is answered.
        ("server", _) => Deed::Except,
        (_, _) => return out(Err(Cause::Unsupported)),
    };
    for name in names.split('/') {
        if name == "#" {
            out(Err(Cause::WholeTld));
        } else {
            out(host::read(name, false).map(|host| host.entry(deed)));
        }
    }
}
