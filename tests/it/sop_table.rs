//! A fixed table of questions to `gapura sop explain`, over the SOPs that come with Gapura and an index of small lists: verdict,
//! clause, layer, list, and the line of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scratch::{Scratch, gapura, ours, said};

/// What is asked: name or address, site, its kind, plan (`-`: before login), group, time by the site's clock.
type Asked = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);
/// What is answered: verdict, the deciding clause as `SOP clause`, its layer, the list by which it is about it.
type Answered = (&'static str, &'static str, &'static str, &'static str);
/// The lines of lists that hold it, as `file:line`.
type Lines = &'static [&'static str];

const NATIONAL: &str = "NASIONAL-TRUSTPOSITIF";
const REGENCY: &str = "SOP-FILTER-KONTEN";
const TELECENTER: &str = "SOP-FILTER-TELECENTER";
const MPLIK: &str = "SOP-FILTER-MPLIK";
const OPEN: Answered = ("open", "", "", "");
const NO_LIST: &str = "";

/// 2026-03-02 is a Monday, 2026-03-07 a Saturday.
#[rustfmt::skip]
const TABLE: &[(Asked, Answered, Lines)] = &[
    // The national layer is mandatory: for everybody, everywhere, also for a government name that a lower layer opens.
    (("taruhan.example", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif"), &["trustpositif.txt:2"]),
    (("www.taruhan.example", "hotspot-1", "hotspot", "umum", "umum", "2026-03-07 23.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif"), &["trustpositif.txt:2"]),
    (("palsu.go.id", "galeri-1", "gallery", "umum", "staf", "2026-03-02 10.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif"), &["trustpositif.txt:4"]),
    (("bersama.example", "plik-1", "plik", "umum", "umum", "2026-03-02 10.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif"), &["trustpositif.txt:3", "judi.txt:3"]),
    (("sinjaikab.go.id", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("open", "SOP-FILTER-KONTEN 1", "regency", NO_LIST), &[]),
    (("connectivitycheck.gstatic.com", "galeri-1", "gallery", "-", "umum", "2026-03-02 10.00"), ("open", "NASIONAL-TRUSTPOSITIF 2", "national", NO_LIST), &[]),
    (("warning.bmkg.go.id", "galeri-1", "gallery", "-", "umum", "2026-03-02 10.00"), ("open", "NASIONAL-TRUSTPOSITIF 4", "national", NO_LIST), &[]),
    (("lapor.go.id", "galeri-1", "gallery", "-", "umum", "2026-03-02 10.00"), ("open", "SOP-FILTER-KONTEN 2", "regency", NO_LIST), &[]),
    // The regency's, for all; staff are no exception where the clause makes none.
    (("judi.example", "hotspot-1", "hotspot", "umum", "umum", "2026-03-02 03.00"), ("block", "SOP-FILTER-KONTEN 3", "regency", "judi"), &["judi.txt:2"]),
    (("dewasa.example", "galeri-1", "gallery", "umum", "staf", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 4", "regency", "dewasa"), &["dewasa.txt:2"]),
    (("pusat.jahat.example", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 5", "regency", "malware"), &["malware.txt:5"]),
    (("pancingan.example", "mplik-1", "mplik", "umum", "staf", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 5", "regency", "phishing"), &["phishing.txt:2"]),
    (("doh.example", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 7", "regency", "doh"), &["doh.txt:1"]),
    (("doh.example", "galeri-1", "gallery", "umum", "staf", "2026-03-02 10.00"), OPEN, &["doh.txt:1"]),
    (("sekolah.example", "galeri-1", "gallery", "umum", "anak", "2026-03-02 10.00"), OPEN, &[]),
    // Children's computers, on both sides of each hour.
    (("gim.example", "galeri-1", "gallery", "umum", "anak", "2026-03-02 06.59"), OPEN, &["gim.txt:2"]),
    (("gim.example", "galeri-1", "gallery", "umum", "anak", "2026-03-02 07.00"), ("block", "SOP-FILTER-KONTEN 11", "regency", "gim"), &["gim.txt:2"]),
    (("gim.example", "galeri-1", "gallery", "umum", "anak", "2026-03-02 12.59"), ("block", "SOP-FILTER-KONTEN 11", "regency", "gim"), &["gim.txt:2"]),
    (("gim.example", "galeri-1", "gallery", "umum", "anak", "2026-03-02 13.00"), OPEN, &["gim.txt:2"]),
    (("gim.example", "galeri-1", "gallery", "umum", "anak", "2026-03-07 10.00"), OPEN, &["gim.txt:2"]),
    (("gim.example", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), OPEN, &["gim.txt:2"]),
    (("medsos.example", "galeri-1", "gallery", "pelajar", "anak", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 11", "regency", "media-sosial"), &["media-sosial.txt:1"]),
    (("vpn.example", "galeri-1", "gallery", "umum", "anak", "2026-03-07 20.00"), ("block", "SOP-FILTER-KONTEN 13", "regency", "vpn"), &["vpn.txt:2"]),
    (("vpn.example", "galeri-1", "gallery", "umum", "umum", "2026-03-07 20.00"), OPEN, &["vpn.txt:2"]),
    // A telecenter is stricter in its hours, its staff excepted; what a layer above says goes on holding.
    (("gim.example", "telecenter-1", "telecenter", "umum", "umum", "2026-03-02 08.00"), ("block", "SOP-FILTER-TELECENTER 2", "site", "gim"), &["gim.txt:2"]),
    (("gim.example", "telecenter-1", "telecenter", "umum", "umum", "2026-03-02 12.00"), OPEN, &["gim.txt:2"]),
    (("gim.example", "telecenter-1", "telecenter", "umum", "staf", "2026-03-02 08.00"), OPEN, &["gim.txt:2"]),
    (("gim.example", "telecenter-1", "telecenter", "umum", "anak", "2026-03-02 12.30"), ("block", "SOP-FILTER-KONTEN 11", "regency", "gim"), &["gim.txt:2"]),
    // MPLIK puts updates off.
    (("download.windowsupdate.com", "mplik-1", "mplik", "umum", "umum", "2026-03-02 10.00"), ("block", "SOP-FILTER-MPLIK 2", "site", NO_LIST), &[]),
    (("download.windowsupdate.com", "mplik-1", "mplik", "umum", "staf", "2026-03-02 10.00"), OPEN, &[]),
    (("download.windowsupdate.com", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), OPEN, &[]),
    // Addresses of both families.
    (("203.0.113.66", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif-alamat"), &["trustpositif-alamat.txt:1"]),
    (("2001:db8:66::1", "mplik-1", "mplik", "umum", "staf", "2026-03-02 10.00"), ("block", "NASIONAL-TRUSTPOSITIF 1", "national", "trustpositif-alamat"), &["trustpositif-alamat.txt:2"]),
    (("198.51.100.7", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 5", "regency", "alamat-jahat"), &["alamat-jahat.txt:2"]),
    (("2001:db8:7:1::9", "telecenter-1", "telecenter", "umum", "umum", "2026-03-02 10.00"), ("block", "SOP-FILTER-KONTEN 5", "regency", "alamat-jahat"), &["alamat-jahat.txt:3"]),
    (("2001:db8:8::1", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), OPEN, &[]),
    (("192.0.2.53", "galeri-1", "gallery", "umum", "umum", "2026-03-02 10.00"), OPEN, &["doh-alamat.txt:1"]),
    (("2001:db8:53::53", "galeri-1", "gallery", "umum", "staf", "2026-03-02 10.00"), OPEN, &["doh-alamat.txt:2"]),
];

/// The catalogue that comes with Gapura, and an index of the small lists beside this file.
struct Desk {
    scratch: Scratch,
}

impl Desk {
    fn furnished() -> Self {
        let scratch = Scratch::new("sop-table");
        said(&gapura(&["sop", "packs", &scratch.path().join("sop").display().to_string()]));
        let desk = Self { scratch };
        let (catalogue, lists) = (desk.path("sop/lists.toml"), ours("tests/it/lists.d").display().to_string());
        let (index, build) = (desk.path("index"), ["lists", "build", "--catalogue", &catalogue, "--sources", &lists]);
        said(&gapura(&[&build[..], &["--out", &index]].concat()));
        desk
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).display().to_string()
    }

    fn explain(&self, asked: &Asked, more: &[&str]) -> Value {
        let (what, site, kind, plan, group, at) = asked;
        let (sops, index) = (self.path("sop"), self.path("index"));
        let mut arguments = vec!["sop", "explain", what, &sops, "--index", &index, "--site", site, "--kind", kind];
        arguments.extend(["--group", group, "--at", at, "--json"]);
        if *plan != "-" {
            arguments.extend(["--plan", plan]);
        }
        arguments.extend(more);
        serde_json::from_str(&said(&gapura(&arguments))).unwrap()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn explain_answers_the_fixed_table() {
    let desk = Desk::furnished();
    let names = desk.path("index.names");
    assert!(TABLE.len() >= 20);
    for (asked, answered, lines) in TABLE {
        let said = desk.explain(asked, &["--names", &names]);
        let clause = format!("{} {}", text(&said, "/clause/sop"), text(&said, "/clause/clause"));
        let seen = (text(&said, "/action"), clause.trim(), text(&said, "/clause/layer"), text(&said, "/list"));
        assert_eq!(seen, *answered, "{asked:?}: {said}");
        assert_eq!(said["plan"].as_str().unwrap_or("-"), asked.3, "{said}");
        // Each list that holds it is shown with its file and line, in whatever order the index has them.
        let held: BTreeSet<String> = said["held"].as_array().unwrap().iter().map(place).collect();
        let lines: BTreeSet<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(held, lines, "{asked:?}: {said}");
        assert_eq!(
            (text(&said, "/lines/names"), text(&said, "/lines/index")),
            (&*names, &*desk.path("index")),
            "{said}"
        );
        // Without the names file the verdict is the same; it says that it looked into the index alone.
        let short = desk.explain(asked, &[]);
        let verdict = |said: &Value| ["action", "clause", "list", "layers", "besides"].map(|key| said[key].clone());
        assert_eq!(verdict(&short), verdict(&said), "{asked:?}");
        assert_eq!(short["held"].as_array().map(Vec::len), Some(lines.len()), "{short}");
        assert!(short["held"].as_array().unwrap().iter().all(|held| held["line"].is_null()), "{short}");
        assert_eq!((&short["lines"]["names"], text(&short, "/lines/index")), (&Value::Null, &*desk.path("index")));
    }
}

/// `file:line` of a list that holds it; the line's own text has to be there too.
fn place(held: &Value) -> String {
    let line = text(held, "/line");
    let (file, rest) = line.split_once(", line ").unwrap_or_else(|| panic!("{held}"));
    let (number, listed) = rest.split_once(": ").unwrap_or_else(|| panic!("{held}"));
    assert!(!listed.is_empty(), "{held}");
    format!("{}:{number}", file.rsplit('/').next().unwrap_or(file))
}

#[test]
fn the_table_asks_about_every_layer_and_kind_of_answer() {
    let of = |wanted: &str| TABLE.iter().any(|(_, (_, clause, ..), _)| clause.starts_with(wanted));
    assert!([NATIONAL, REGENCY, TELECENTER, MPLIK].into_iter().all(of));
    let lists = ours("tests/it/lists.d").read_dir().unwrap().count();
    let shown = |name: &str| TABLE.iter().any(|(.., lines)| lines.iter().any(|line| line.starts_with(name)));
    let all =
        ours("tests/it/lists.d").read_dir().unwrap().flatten().map(|file| file.file_name().into_string().unwrap());
    assert_eq!(all.filter(|name| shown(&format!("{name}:"))).count(), lists, "a list nobody asks about");
}

#[test]
fn encrypted_dns_by_address_is_refused_by_its_ports_except_to_staff() {
    let desk = Desk::furnished();
    let besides = |group| {
        let asked = ("2001:db8:53::53", "galeri-1", "gallery", "umum", group, "2026-03-02 10.00");
        desk.explain(&asked, &[])["besides"].to_string()
    };
    assert!(besides("umum").contains("tcp/443") && besides("umum").contains("clause 8"), "{}", besides("umum"));
    assert_eq!(besides("staf"), "[]");
}

#[test]
fn people_read_which_file_was_used() {
    let desk = Desk::furnished();
    let (sops, index, names) = (desk.path("sop"), desk.path("index"), desk.path("index.names"));
    let ask = |more: &[&str]| {
        let arguments = ["sop", "explain", "judi.example", &sops, "--at", "2026-03-02 10.00"];
        said(&gapura(&[&arguments[..], more].concat()))
    };
    let both = ask(&["--index", &index, "--names", &names]);
    assert!(both.contains(&format!("lines from {names}")) && both.contains("judi.txt, line 2"), "{both}");
    let one = ask(&["--index", &index]);
    assert!(one.contains(&index) && one.contains("no lines") && one.contains("--names"), "{one}");
    let none = ask(&[]);
    assert!(none.contains("no index"), "{none}");
}
