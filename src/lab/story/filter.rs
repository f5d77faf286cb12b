//! A site on a list: refused by the clause of an SOP, explained, and a review asked for.

use std::time::Duration;

use super::{Measured, Scene, entry, hold, ms};
use crate::clock::{Stopwatch, wait_for};
use crate::daemon::PORTAL;
use crate::dns::kind;
use crate::lists::GAMBLING;
use crate::visit::Family;
use crate::{LabError, addr};

/// On no list.
const SCHOOL: &str = "sekolah.example";
/// Lists are fetched, and an appeal is sent, within this time.
const SOON: Duration = Duration::from_secs(15);
/// "No such name" (RFC 1035 section 4.1.1).
const NO_SUCH_NAME: u8 = 3;
/// Why it should be open.
const WHY: &str = "Situs ini salah golongan.";

/// The SOPs that come with Gapura, as a visitor meets them.
pub(super) fn blocked_site(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let site = &scene.site;
    site.wait_for_lists()?;
    let visitor = site.lab().visitor(1)?;
    for record in [kind::A, kind::AAAA] {
        let refused = visitor.look_up(GAMBLING, record)?;
        hold(refused.rcode == NO_SUCH_NAME, || format!("{GAMBLING}: rcode {}", refused.rcode))?;
        let open = visitor.look_up(SCHOOL, record)?;
        hold(!open.addresses().is_empty(), || format!("{SCHOOL}: rcode {}, no address", open.rcode))?;
    }
    let asked = site.lab().upstream().seen().asked(GAMBLING);
    hold(asked == 0, || format!("upstream's resolver was asked for {GAMBLING}"))?;

    let at = |path: &str| format!("http://{}:{PORTAL}/{path}?alamat={GAMBLING}", addr::LAN.0);
    let page = visitor.open(&at("situs"), Family::V4)?;
    let text = page.reply.text();
    for words in ["SOP-FILTER-KONTEN", "memuat perjudian daring", "Ajukan peninjauan"] {
        hold(text.contains(words), || format!("the page does not say `{words}`: {text:.300}"))?;
    }
    told.say(format!("{GAMBLING} is refused, and the page says by which clause"));

    let form = visitor.open(&at("peninjauan"), Family::V4)?;
    let watch = Stopwatch::start();
    let filed = entry::submit(visitor, &form, "/peninjauan", &[("mengapa", WHY)])?;
    let number = filed.url.split_once("nomor=").map(|(_, number)| number.to_owned());
    let number = number.ok_or_else(|| LabError::answer("ask for a review", format!("no number: {}", filed.url)))?;
    wait_for("the appeal at the office", SOON, || {
        let all = site.staff(&["appeal", "list"])?;
        let ours =
            all.as_array().into_iter().flatten().any(|appeal| appeal.get("reference") == Some(&number.as_str().into()));
        Ok(ours.then_some(()))
    })?;
    told.say(format!("the office has appeal {number} after {}", ms(watch.elapsed())));
    told.figure("appeal_ms", watch.elapsed().as_secs_f64() * 1e3);
    Ok(told)
}
