//! SOPs for tests, and what a site of the lab is told about them.

use std::fs;
use std::path::{Path, PathBuf};

use gapura_lab::Lab;
use gapura_lab::addr::{DNS, server, visitor_mac};
use gapura_lab::daemon::Site;
use gapura_wire::{Bundle, Filter};

/// Forbidden to everybody.
pub(crate) const FORBIDDEN: &str = "situs-judi.example";
/// The device of this visitor is a children's PC, whatever its plan.
pub(crate) const CHILDS_PC: u16 = 4;

/// What every SOP of these tests begins with.
pub(crate) fn head(layer: &str, number: &str) -> String {
    format!(
        r#"
number = "{number}"
title = "SOP Filter Konten"
layer = "{layer}"
revision = 1
owner = "Dinas Komunikasi dan Informatika"
legal-basis = ["Keputusan Bupati Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2036-01-01
"#
    )
}

/// A clause of a regency's SOP: words for everybody, and what it does.
pub(crate) fn clause(number: u8, words: &str, rules: &str) -> String {
    format!(
        "\n[[clause]]\nnumber = {number}\nwords = \"{words}\"\ncitizen = {{ id = \"{words}\", en = \"{words}\" }}\n{rules}\n"
    )
}

/// Upstream's resolver and server 2, as an SOP writes them.
pub(crate) fn addressed(text: &str) -> String {
    let ((server4, server6), (dns4, dns6)) = (server(2), DNS);
    text.replace("SERVER2", &format!("\"{server4}/32\", \"{server6}/128\""))
        .replace("RESOLVER", &format!("\"{dns4}/32\", \"{dns6}/128\""))
}

/// Plan `umum` is everybody's, `pelan` children's, `kuota` the staff's.
pub(crate) fn groups(bundle: &mut Bundle) {
    bundle.filter = Some(Filter {
        plan_groups: [
            ("pelan".parse().unwrap(), "anak".parse().unwrap()),
            ("kuota".parse().unwrap(), "staf".parse().unwrap()),
        ]
        .into(),
        device_groups: [(visitor_mac(CHILDS_PC), "anak".parse().unwrap())].into(),
        ..Filter::default()
    });
}

/// `[filter]` of a gateway that runs alone, with these SOPs, highest layer first, and an index of lists if `index` writes one.
pub(crate) fn section(lab: &Lab, sops: &[String], index: Option<&dyn Fn(&Path)>) -> String {
    let dir = lab.dir().join("filter");
    fs::create_dir_all(&dir).unwrap();
    let mut files = Vec::new();
    for (number, text) in sops.iter().enumerate() {
        let file = dir.join(format!("sop-{number}.toml"));
        fs::write(&file, text).unwrap();
        files.push(format!("\"{}\"", file.display()));
    }
    let index = index.map_or_else(String::new, |write| {
        let file = dir.join("index");
        write(&file);
        format!("index = \"{}\"\n", file.display())
    });
    format!("[filter]\nsops = [{}]\n{index}", files.join(", "))
}

/// Where a filtered site's SOPs and index lie.
pub(crate) fn office(site: &Site) -> PathBuf {
    site.lab().dir().join("filter")
}
