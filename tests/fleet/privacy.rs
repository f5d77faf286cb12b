//! After a day's work: who could learn from disks and logs who was there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gapura_ledger::privacy_columns;
use gapura_model::MacAddr;
use rusqlite::types::ValueRef;

use crate::people::{is_in, log_out, one_tap, redeem, sign_in};
use crate::world::{World, from_base64};

const NAME: &str = "siti.rahma@sekolah";
const PASSWORD: &str = "Bukan-Rahasia-Lagi-31";

#[test]
fn addresses_and_names_stay_in_the_columns_that_say_so() {
    let mut world = World::serving("privacy", 4);
    let codes = world.vouchers("kuota", 2, &[]);
    world.try_staff(&["account", "set", NAME, "--plan", "warga"], Some(&format!("{PASSWORD}\n"))).unwrap();
    for number in 1..=4 {
        world.visitor(number);
    }
    // Everything that leaves a trace: every way in, wrong guesses, log-out, kick, block, opened by staff, visits that run.
    assert!(is_in(&one_tap(world.at(1))) && is_in(&redeem(world.at(2), &codes[0])));
    redeem(world.at(3), "ABCDEFGHJK");
    sign_in(world.at(3), NAME, "salah sama sekali");
    assert!(is_in(&sign_in(world.at(3), NAME, PASSWORD)));
    let mac = |number: u16| world.at(number).mac().to_string();
    world.ctl(&["admit", "--mac", &mac(4), "--reason", "tamu dinas"]);
    world.ctl(&["kick", "--mac", &mac(4), "--reason", "waktu habis"]);
    world.ctl(&["block", "--mac", &mac(4), "--reason", "mengganggu"]);
    log_out(world.at(2));
    world.wait_for_visits("visits at the controller", |visits| visits.len() == 4);
    world.wait("balances at the controller", std::time::Duration::from_secs(45), || {
        let count = world.database().query_row("SELECT count(*) FROM balance", (), |row| row.get::<_, i64>(0)).unwrap();
        (count >= 3).then_some(())
    });
    // Without the controller messages wait on the router's disk: those too.
    world.stop_controller();
    assert!(is_in(&redeem(world.at(2), &codes[1])));
    log_out(world.at(1));
    assert!(world.ctl(&["status"])["outbox"]["records"].as_u64().unwrap() >= 2);

    let macs: Vec<String> = (1..=4).flat_map(|number| spellings(world.at(number).mac())).collect();
    let codes: Vec<String> = codes.iter().flat_map(|code| code_spellings(code)).collect();
    let secrets: Vec<String> = codes.iter().cloned().chain([PASSWORD.to_owned()]).collect();

    // The router's ledger, column by column: what can hold an address or a name is what `gapura doctor privacy` lists.
    let seen: Vec<String> = macs.iter().cloned().chain([NAME.to_owned()]).collect();
    let found = columns_with(&world.ledger(), &seen);
    let listed: BTreeSet<(String, String)> =
        privacy_columns().iter().map(|column| (column.table.to_owned(), column.column.to_owned())).collect();
    println!("addresses and names on the router: {found:?}");
    assert!(found.is_subset(&listed), "{:?} beside {listed:?}", found.difference(&listed).collect::<Vec<_>>());
    for sure in [("visit", "mac"), ("balance", "holder"), ("verifier", "account"), ("setting", "value")] {
        assert!(found.contains(&(sure.0.to_owned(), sure.1.to_owned())), "the search finds what is there: {sure:?}");
    }
    assert_eq!(columns_with(&world.ledger(), &secrets), BTreeSet::new(), "codes and passwords are nowhere");

    // Bundle, identity, logs and the portal's other files on the router: nothing of anybody.
    let all: Vec<String> = seen.iter().cloned().chain(secrets.iter().cloned()).collect();
    let signed: serde_json::Value =
        serde_json::from_slice(&fs::read(world.router_dir.join("data/bundle.json")).unwrap()).unwrap();
    assert_eq!(mentioned(&from_base64(signed["bundle"].as_str().unwrap()), &all), Vec::<String>::new(), "the bundle");
    for file in files(&world.router_dir) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("ledger.sqlite") {
            assert_eq!(mentioned(&fs::read(&file).unwrap(), &secrets), Vec::<String>::new(), "{name}");
        } else if !is_lease_file(&file) {
            assert_eq!(mentioned(&fs::read(&file).unwrap(), &all), Vec::<String>::new(), "{name}");
        }
    }

    // The controller: no address and no code in any byte of any file; names only where accounts are kept.
    let addresses: Vec<String> = macs.iter().chain(&secrets).cloned().collect();
    let mut looked_at = 0;
    for file in files(&world.controller_dir) {
        looked_at += 1;
        assert_eq!(mentioned(&fs::read(&file).unwrap(), &addresses), Vec::<String>::new(), "{}", file.display());
    }
    assert!(looked_at >= 5, "database, keys and log");
    assert_eq!(mentioned(world.controller_log().as_bytes(), &all), Vec::<String>::new(), "the controller's log");
    let found = columns_with(&world.database(), &[NAME.to_owned()]);
    println!("names at the controller: {found:?}");
    let wanted = [("account", "name"), ("audit", "object"), ("balance", "holder"), ("balance", "document")];
    assert_eq!(found, wanted.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned())).collect());
}

/// What the DHCP server remembers of its leases: hardware addresses by nature, half an hour each.
fn is_lease_file(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "leases")
}

/// All columns of a database in which one of `words` stands, whatever its case.
fn columns_with(database: &rusqlite::Connection, words: &[String]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 5);
    for table in tables {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = rows.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (index, column) in columns.iter().enumerate() {
                let bytes = match row.get_ref(index).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
                    ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => continue,
                };
                if !mentioned(bytes, words).is_empty() {
                    found.insert((table.clone(), column.clone()));
                }
            }
        }
    }
    found
}

/// Which of `words` stand in `bytes`, whatever their case; a hardware address also as its six bytes.
fn mentioned(bytes: &[u8], words: &[String]) -> Vec<String> {
    let text = bytes.to_ascii_lowercase();
    let raw = |word: &str| -> Option<Vec<u8>> {
        let octets: Vec<u8> = word.split(':').map(|octet| u8::from_str_radix(octet, 16).ok()).collect::<Option<_>>()?;
        (octets.len() == 6).then_some(octets)
    };
    let stands = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
    words
        .iter()
        .filter(|word| {
            stands(&text, word.to_ascii_lowercase().as_bytes())
                || raw(word).is_some_and(|octets| stands(bytes, &octets))
        })
        .cloned()
        .collect()
}

fn spellings(mac: MacAddr) -> Vec<String> {
    let colons = mac.to_string();
    [":", "-", "", ".", " "].map(|between| colons.replace(':', between)).into()
}

fn code_spellings(code: &str) -> Vec<String> {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    vec![code.to_owned(), letters]
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(files(&entry.path()));
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    all
}
