//! The part of Adblock syntax that speaks of names: `||example.com^`, and `@@||example.com^` which wins over all others.

use super::{Cause, Out, host, hosts};
use crate::Deed;

/// Modifiers that leave a rule about the name as a whole.
const HARMLESS: [&str; 4] = ["important", "all", "document", "doc"];

pub(super) fn line(line: &str, out: Out<'_>) {
    let line = line.trim();
    let comment = line.starts_with(['!', '[']) || line == "#" || line.starts_with("# ");
    if line.is_empty() || comment {
        return;
    }
    if ["##", "#@#", "#?#", "#$#", "#%#"].iter().any(|mark| line.contains(mark)) {
        return out(Err(Cause::Unsupported));
    }
    let (rule, deed) = line.strip_prefix("@@").map_or((line, Deed::Hold), |rule| (rule, Deed::Never));
    let Some(rule) = rule.strip_prefix("||") else {
        // Lists for resolvers mix in plain names and hosts lines.
        return if deed == Deed::Hold && !line.starts_with(['|', '/', '@', '-', '&', '?', '=']) && !line.contains('$') {
            hosts(line, out);
        } else {
            out(Err(Cause::Unsupported));
        };
    };
    let (pattern, modifiers) = rule.split_once('$').unwrap_or((rule, ""));
    if !modifiers.is_empty() && !modifiers.split(',').all(|modifier| HARMLESS.contains(&modifier)) {
        return out(Err(Cause::Unsupported));
    }
    let pattern = pattern.strip_suffix('|').unwrap_or(pattern);
    let Some(name) = pattern.strip_suffix('^') else { return out(Err(Cause::Unsupported)) };
    out(host::read(name, false).map(|host| host.entry(deed)));
}
