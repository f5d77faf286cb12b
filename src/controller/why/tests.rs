//! Messages nobody wrote, values nobody says, and both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gapura_speech::{Messages, SHARED, messages};

use super::*;

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(messages(ID).unwrap(), messages(EN).unwrap());
}

#[test]
fn one_why_is_told_in_both_languages() {
    let why = why!("text-length", most = 80_u64).at("contact");
    assert_eq!(why.to_string(), "contact: write 1 to 80 characters");
    assert_eq!(why.say(Lang::En), "Contact: write 1 to 80 characters.");
    assert_eq!(why.say(Lang::Id), "Kontak: tulis 1 sampai 80 karakter.");
    assert_eq!((why.say_beside(Lang::Id), why.field()), ("Tulis 1 sampai 80 karakter.".to_owned(), Some("contact")));
    // A field without a name for people is not named to them.
    let why = why!("class-until").at("until");
    assert_eq!(why.to_string(), "until: choose a time to come, within a day");
    assert_eq!(why.say(Lang::En), "Choose a time to come, within a day.");
}

#[test]
fn pages_show_no_flags_of_the_command_line() {
    let why = why!("sop-reason").flag("--reason TEXT");
    assert_eq!(why.to_string(), "say why the SOP is taken out of force (--reason TEXT)");
    assert_eq!(why.say(Lang::En), "Say why the SOP is taken out of force.");
    assert_eq!(why.say(Lang::Id), "Tulis alasan SOP tidak diberlakukan lagi.");
    for text in [ID, EN] {
        assert!(!text.contains("--"), "a message names a flag");
    }
}

#[test]
fn a_why_inside_another_speaks_its_language() {
    let inner = why!("hours-overlap").at("hours.weekly.mon");
    let why = why!("at-site", site = "galeri", why = inner);
    assert_eq!(
        why.to_string(),
        "site galeri: hours.weekly.mon: has windows that overlap: join them, or change one of them"
    );
    assert_eq!(why.say(Lang::Id), "Lokasi galeri: Senin: jamnya tumpang tindih; gabungkan, atau ubah salah satunya.");
    let many = |vouchers: u64| why!("group-has-vouchers", group = "sinjai", vouchers = vouchers).to_string();
    assert!(many(1).contains("1 voucher in") && many(2).contains("2 vouchers in"), "{} {}", many(1), many(2));
    let rate = BitRate::new(19_400_000).unwrap();
    let why = why!("plans-rate", plans = "umum", sum = rate, shared = rate).at("uplink.up");
    assert!(why.say(Lang::Id).starts_with("Uplink ke arah unggah: paket umum bersama-sama dijamin 19,4\u{a0}Mb/s"));
    assert!(why.say(Lang::En).contains("19.4\u{a0}Mb/s") && why.to_string().starts_with("uplink.up: plans umum"));
    assert!(why.to_string().contains("19.4 Mbit/s"), "{why}");
}

#[test]
fn plain_words_are_the_same_in_every_language() {
    let why = Why::from("unexpected end of file".to_owned());
    assert_eq!(
        (why.to_string(), why.say(Lang::Id)),
        ("unexpected end of file".to_owned(), "Unexpected end of file.".to_owned())
    );
    assert_eq!(Why::plain("").say(Lang::Id), "");
}

#[test]
fn every_why_is_written_and_every_message_is_said() {
    let mut said: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    for (place, source) in sources(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        for call in calls(&source) {
            let (key, names) = parts(call).unwrap_or_else(|| panic!("{place}: why!({call}) is not understood"));
            said.entry(key).or_default().push(names);
        }
    }
    let (known, shared): (Messages, Messages) = (messages(ID).unwrap(), messages(SHARED).unwrap());
    for (key, calls) in &said {
        let variables = known.get(key).unwrap_or_else(|| panic!("nobody wrote {key} into office.ftl"));
        assert!(!shared.contains_key(key), "{key} is a message of every room");
        for names in calls {
            assert_eq!(names, variables, "the values of {key}");
        }
    }
    for key in known.keys() {
        assert!(said.contains_key(key), "{key} is said nowhere");
    }
}

#[test]
fn the_walk_finds_what_is_wrong() {
    let source = r#"x(why!("a-b", one = f(2, "),"), two = y).at("z"), why! { 3 }, why!("c"))"#;
    let found: Vec<_> = calls(source).into_iter().map(parts).collect();
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(found, [Some(("a-b".to_owned(), names(&["one", "two"]))), Some(("c".to_owned(), names(&[])))]);
    assert_eq!((parts("key, a = 1"), parts("\"key\", 1")), (None, None));
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("why/tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.push((path.display().to_string(), code.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

/// What stands between the brackets of each `why!(..)`.
fn calls(source: &str) -> Vec<&str> {
    source.split("why!(").skip(1).filter_map(|rest| Some(&rest[..end(rest, ')')?])).collect()
}

/// Where `mark` stands outside of texts and brackets.
fn end(text: &str, mark: char) -> Option<usize> {
    let (mut deep, mut quoted, mut escaped) = (0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            _ if letter == mark && deep == 0 => return Some(at),
            '(' | '[' | '{' => deep += 1,
            ')' | ']' | '}' => deep -= 1,
            _ => {}
        }
    }
    None
}

/// A call's key and the names of its values.
fn parts(call: &str) -> Option<(String, BTreeSet<String>)> {
    let (mut rest, mut all) = (call, Vec::new());
    while let Some(at) = end(rest, ',') {
        all.push(rest[..at].trim());
        rest = &rest[at + 1..];
    }
    all.extend(Some(rest.trim()).filter(|last| !last.is_empty()));
    let key = all.first()?.strip_prefix('"')?.strip_suffix('"')?.to_owned();
    let names = all[1..].iter().map(|part| Some(part.split_once(" =")?.0.trim().to_owned()));
    Some((key, names.collect::<Option<_>>()?))
}
