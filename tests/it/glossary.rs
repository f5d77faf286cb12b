//! One word for one thing, in everything that people read in Indonesian.

use std::fs;
use std::path::{Path, PathBuf};

/// What is never said, and what is said instead.
const INSTEAD: [(&str, &str); 36] = [
    ("account", "akun"),
    ("browser", "peramban"),
    ("download", "unduh"),
    ("durasi", "waktu pakai"),
    ("e-mail", "surel"),
    ("email", "surel"),
    ("gadget", "perangkat"),
    ("gawai", "perangkat"),
    ("gateway", "gerbang"),
    ("handphone", "ponsel"),
    ("helpdesk", "petugas bantuan"),
    ("hp", "ponsel"),
    ("kadaluarsa", "lewat"),
    ("kedaluwarsa", "lewat"),
    ("kunjungan", "sesi"),
    ("kunjungannya", "sesinya"),
    ("kupon", "voucer"),
    ("laman", "halaman"),
    ("login", "masuk"),
    ("logout", "keluar"),
    ("log-in", "masuk"),
    ("masa berlaku", "Pakai sebelum"),
    ("offline", "tidak tersambung"),
    ("operator", "petugas"),
    ("password", "kata sandi"),
    ("pelanggan", "pengunjung"),
    ("pengaturan", "setelan"),
    ("staf", "petugas"),
    ("staff", "petugas"),
    ("ticket", "tiket"),
    ("upload", "unggah"),
    ("user", "pengunjung"),
    ("voucher", "voucer"),
    ("website", "situs"),
    ("wifi", "Wi-Fi"),
    ("wi fi", "Wi-Fi"),
];

/// Where another thing is meant by the word: the file's name and the beginning of the message's.
const MEANT: [(&str, &str); 6] = [
    // How many came is a number of visits, as the regency's reports count them.
    ("dash.ftl", "dash-"),
    ("dash.ftl", "wall-visits"),
    ("day.ftl", "day-"),
    ("public.ftl", "public-"),
    ("report.ftl", "report-"),
    ("usage.ftl", "usage-"),
];

#[test]
fn one_word_stands_for_one_thing() {
    let mut files = Vec::new();
    for room in ["captive-portal", "src"] {
        indonesian(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut files);
    }
    assert!(files.len() > 20, "{files:?}");
    let found: Vec<_> = files.iter().flat_map(|file| wrong_words(file)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Every Fluent file in Indonesian below a directory.
fn indonesian(at: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            indonesian(&path, found);
        } else if path.ends_with("id.ftl") || path.parent().is_some_and(|parent| parent.ends_with("locales/id")) {
            found.push(path);
        }
    }
}

fn wrong_words(file: &Path) -> Vec<String> {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let (key, said) = line.split_once(" = ").unwrap_or(("", line));
        if line.starts_with('#') || MEANT.iter().any(|(file, from)| *file == name && key.starts_with(from)) {
            continue;
        }
        let said = spoken(said);
        for (never, instead) in INSTEAD {
            if said.contains(&format!(" {never} ")) {
                found.push(format!("{name}:{number}: say \"{instead}\", not \"{never}\": {line}"));
            }
        }
    }
    found
}

/// The words alone, in small letters, one space before and behind each; no variables, commands or names of files.
fn spoken(text: &str) -> String {
    let mut out = String::from(" ");
    let mut variable = false;
    for word in text.split_whitespace() {
        variable |= word.contains('{');
        let is_a_name = word.contains(['/', '_', '[']) || word.chars().filter(|c| *c == '.').count() > 1;
        if !variable && !is_a_name {
            out.push_str(&word.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != '-', " "));
            out.push(' ');
        }
        variable &= !word.contains('}');
    }
    out
}

#[test]
fn the_check_hears_what_it_should() {
    assert!(spoken("Cetak Voucher.").contains(" voucher "));
    assert!(!spoken("Menggantikan {$voucher} beserta saldonya").contains(" voucher "));
    assert!(!spoken("di /etc/gapura/gateway.toml").contains(" gateway "));
}
