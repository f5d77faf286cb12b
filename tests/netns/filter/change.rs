//! Rules and lists change while people use the network.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gapura_lab::LabError;
use gapura_lab::addr::port;
use gapura_lab::daemon::Site;
use gapura_lab::dns::{ask, kind};
use gapura_lab::http::connect;
use gapura_lab::visit::Family;
use gapura_lists::{Builder, Entry, HashKey, ListHead, Place};
use rustix::process::Signal;

use super::{FORBIDDEN, clause, dig, filtered, head, office, own, until_status};
use crate::stand::{SOON, admit, families, log, visitor_of, wait};

/// On both indexes.
const BOTH: &str = "u1.bandar.example";
/// On the second alone.
const NEW: &str = "togel.example";
/// On the first alone.
const GONE: &str = "keliru.example";
/// On none.
const SCHOOL: &str = "sekolah.example";

/// A connection of a visitor to a name's echo.
pub(super) struct Flow(TcpStream);

impl Flow {
    /// Looks the name up at the gateway's resolver and connects.
    pub(super) fn to(site: &Site, number: u16, name: &str, family: Family) -> Self {
        let visitor = visitor_of(site, number);
        let to = visitor.resolve(name, port::ECHO, family).unwrap_or_else(|error| panic!("{error}\n{}", log(site)));
        let connected = visitor.ns().run(|| connect(to, None, SOON).map_err(LabError::io("connect")));
        let stream = connected.unwrap_or_else(|error| panic!("{name}: {error}\n{}", log(site)));
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        Self(stream)
    }

    /// Whether what is sent comes back.
    pub(super) fn lives(&self) -> bool {
        let mut stream = &self.0;
        let mut back = [0];
        stream.write_all(b"g").is_ok() && stream.read_exact(&mut back).is_ok()
    }
}

fn sop(names: &str) -> String {
    head("regency", "SOP/UJI/01") + &clause(1, "Situs perjudian diblokir.", &format!("action = \"block\"\n{names}"))
}

/// The site's only SOP is another one from now on.
pub(super) fn publish(site: &mut Site, text: &str) {
    let file = office(site).join("sop-0.toml");
    fs::write(&file, text).unwrap();
    site.gateway_mut().send(Signal::HUP);
}

#[test]
fn running_flows_to_a_name_that_becomes_forbidden_end() {
    let before = sop("names = [\"situs-judi.example\"]");
    let mut site = filtered("fflows", 2, &[before], None);
    admit(&site, 1, &["--plan", "umum"]);
    until_status(&site, 1, FORBIDDEN, "NXDOMAIN");
    let families: Vec<_> = families(&site).collect();
    let flows: Vec<Flow> = families.iter().map(|family| Flow::to(&site, 1, "u1.kasino.example", *family)).collect();
    let others: Vec<Flow> = families.iter().map(|family| Flow::to(&site, 1, "u2.sekolah.example", *family)).collect();
    assert!(flows.iter().chain(&others).all(Flow::lives));

    // A rule that cannot be read changes nothing.
    publish(&mut site, "number = ");
    wait("the refusal in the log", SOON * 2, || log(&site).contains("not put in force").then_some(()));
    assert_eq!(dig(&site, 1, own(), &[FORBIDDEN]).status(), "NXDOMAIN");
    assert!(flows.iter().chain(&others).all(Flow::lives), "{}", log(&site));

    publish(&mut site, &sop("names = [\"situs-judi.example\", \"kasino.example\"]"));
    until_status(&site, 1, "u1.kasino.example", "NXDOMAIN");
    for (flow, family) in flows.iter().zip(&families) {
        wait(&format!("the flow over {family} to end\n{}", log(&site)), SOON * 2, || (!flow.lives()).then_some(()));
    }
    assert!(others.iter().all(Flow::lives), "flows to other names go on\n{}", log(&site));
    assert_eq!(dig(&site, 1, own(), &[FORBIDDEN]).status(), "NXDOMAIN");
}

/// An index with one list of these names.
fn index(path: &Path, version: u64, names: &[&str]) {
    let mut builder = Builder::new(version, HashKey([7; 16]));
    let head = ListHead {
        id: "judi-uji".parse().unwrap(),
        category: "judi".parse().unwrap(),
        title: "Daftar uji".to_owned(),
        revision: version.to_string(),
        files: vec!["judi.txt".to_owned()],
    };
    let list = builder.list(head).unwrap();
    for (line, name) in (1..).zip(names) {
        builder.add(list, &Entry::whole(name.parse().unwrap()), Place { file: 0, line }).unwrap();
    }
    // Beside the old one, then in its place: the gateway never reads half of it.
    let made = path.with_extension("made");
    builder.finish(&made, None, &|_| Vec::new()).unwrap();
    fs::rename(made, path).unwrap();
}

#[test]
fn an_index_is_swapped_while_queries_run_and_none_is_answered_wrongly() {
    let first = |path: &Path| index(path, 1, &[BOTH, GONE]);
    let mut site = filtered("fswap", 1, &[sop("categories = [\"judi\"]")], Some(&first));
    admit(&site, 1, &["--plan", "umum"]);
    until_status(&site, 1, BOTH, "NXDOMAIN");
    assert!(dig(&site, 1, own(), &[BOTH]).refused(15, "SOP/UJI/01 klausul 1"));
    assert_eq!(dig(&site, 1, own(), &[NEW]).status(), "NOERROR");
    assert_eq!(dig(&site, 1, own(), &[GONE]).status(), "NXDOMAIN");

    let ns = visitor_of(&site, 1).ns().handle();
    let done = AtomicBool::new(false);
    let asked = std::thread::scope(|scope| {
        let questions = scope.spawn(|| {
            ns.run(|| {
                let at = SocketAddr::new(own(), port::DNS);
                let rcode = |name: &str| ask(at, name, kind::A, SOON).map(|answer| answer.rcode);
                let (mut asked, mut swapped, mut wrong) = (0_u32, false, Vec::new());
                while !done.load(Ordering::Relaxed) {
                    for (name, expected) in [(BOTH, 3), (SCHOOL, 0)] {
                        let seen = rcode(name)?;
                        if seen != expected {
                            wrong.push(format!("{name}: {seen}"));
                        }
                    }
                    match (swapped, rcode(NEW)?) {
                        (_, 3) => swapped = true,
                        (false, 0) => {}
                        (_, seen) => wrong.push(format!("{NEW}: {seen}, blocked before: {swapped}")),
                    }
                    asked += 3;
                }
                Ok((asked, wrong))
            })
        });
        for version in 2..8 {
            index(&office(&site).join("index"), version, &[BOTH, NEW]);
            site.gateway_mut().send(Signal::HUP);
            wait(&format!("index {version} in force\n{}", log(&site)), SOON * 2, || {
                site.gateway_dir().join("data/filter").join(format!("index-{version}")).exists().then_some(())
            });
            until_status(&site, 1, NEW, "NXDOMAIN");
            until_status(&site, 1, GONE, "NOERROR");
        }
        done.store(true, Ordering::Relaxed);
        questions.join().unwrap().unwrap()
    });
    assert!(asked.0 > 30 && asked.1.is_empty(), "{asked:?}\n{}", log(&site));
    eprintln!("{} queries during six swaps", asked.0);

    // What is no index is refused, and the one before stays, also across a restart.
    fs::write(office(&site).join("index"), b"no index").unwrap();
    site.gateway_mut().send(Signal::HUP);
    wait("the refusal in the log", SOON * 2, || log(&site).contains("not put in force").then_some(()));
    assert_eq!(dig(&site, 1, own(), &[NEW]).status(), "NXDOMAIN");
}
