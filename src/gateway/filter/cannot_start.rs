//! Rules that cannot be put in force: whatever the cause, the site's choice holds, and is told.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gapura_dns::{Filter as _, Judgement};
use gapura_lists::{Builder, Entry, HashKey, Index, ListHead, Place};
use gapura_model::Name;
use gapura_rules::sop::Layer;
use gapura_runtime::{Believe, ClockStart, SystemClock};
use gapura_wire::{Bundle, Filter, IndexRef, Sha256, SopRevision, WithoutIndex};

use super::{Filtering, Numbers, Standing, begin};
use crate::devices::Devices;

const LISTED: &str = "u1.bandar.example";
const NAMED: &str = "situs-judi.example";
const OPEN: &str = "sekolah.example";
const CHOICES: [WithoutIndex; 2] = [WithoutIndex::Closed, WithoutIndex::Plain];

/// A directory of its own, gone with it.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("gapura-cannot-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn filtering(&self) -> Filtering {
        let clock = Arc::new(SystemClock::start(ClockStart { floor: None, believe: Believe::Always }));
        let devices = Arc::new(Devices::open(&[]).unwrap());
        Filtering::open(&self.0, devices, Numbers::default(), clock, &[], Vec::new(), Vec::new())
    }

    /// An index beside the filter's folder.
    fn index(&self, version: u64) -> (PathBuf, IndexRef) {
        let mut builder = Builder::new(version, HashKey([7; 16]));
        let head = ListHead {
            id: "judi-uji".parse().unwrap(),
            category: "judi".parse().unwrap(),
            title: "Daftar uji".to_owned(),
            revision: version.to_string(),
            files: vec!["judi.txt".to_owned()],
        };
        let list = builder.list(head).unwrap();
        // Enough that not every part of it is touched when it is opened.
        let others = (0..20_000).map(|number| format!("n{number}.taruhan.example"));
        for (line, name) in (1..).zip(others.chain([LISTED.to_owned()])) {
            builder.add(list, &Entry::whole(name.parse().unwrap()), Place { file: 0, line }).unwrap();
        }
        let path = self.0.join(format!("made-{version}"));
        builder.finish(&path, None, &|_| Vec::new()).unwrap();
        let opened = Index::open(&path, &|_, _| true).unwrap();
        let root = Sha256::from_bytes(opened.root());
        (path, IndexRef { version, root, octets: opened.octets() })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn good_sop() -> String {
    "number = \"SOP/UJI/01\"\ntitle = \"SOP Filter Konten\"\nlayer = \"regency\"\nrevision = 1\nowner = \"Dinas\"\n\
     legal-basis = [\"Keputusan Bupati\"]\neffective-from = 2020-01-01\nreview-by = 2036-01-01\n\n[[clause]]\nnumber = 1\n\
     words = \"Judi diblokir.\"\ncitizen = { id = \"Judi diblokir.\", en = \"Gambling is blocked.\" }\naction = \"block\"\n\
     names = [\"situs-judi.example\"]\ncategories = [\"judi\"]\n"
        .to_owned()
}

fn bundle(text: &str, index: Option<IndexRef>, choice: WithoutIndex) -> Bundle {
    let mut bundle: Bundle = serde_json::from_str(include_str!("../../wire/golden/bundle-filter.json")).unwrap();
    let sop = SopRevision {
        layer: Layer::Regency,
        number: "SOP/UJI/01".to_owned(),
        revision: 1,
        sha256: Sha256::of(text.as_bytes()),
        text: text.to_owned(),
        decree: None,
    };
    bundle.filter = Some(Filter { sops: vec![sop], index, without_index: choice, ..Filter::default() });
    bundle
}

/// What the resolver would do with a name: `None` is "not ready", no answer to anybody.
fn said(filtering: &Filtering, name: &str) -> Option<Judgement> {
    let name: Name = name.parse().unwrap();
    filtering.current.in_force().map(|judge| judge.name(0, &name, 1))
}

/// Holds that the site's choice is what holds, and that it is told.
fn as_chosen(filtering: &Filtering, choice: WithoutIndex, cause: &str) {
    let Standing { in_force, instead, trouble, .. } = filtering.standing.get();
    assert_eq!((in_force, instead), (false, Some(choice)), "{trouble:?}");
    assert!(trouble.iter().any(|words| words.contains(cause)), "{cause}: {trouble:?}");
    let answer = match choice {
        WithoutIndex::Closed => None,
        WithoutIndex::Plain => Some(Judgement::Open),
    };
    for name in [LISTED, NAMED, OPEN] {
        assert_eq!(said(filtering, name), answer, "{name}");
    }
    let alerts: Vec<_> = filtering.standing.get().alerts().collect();
    assert!(alerts.len() == 1 && alerts[0].contains("as this site chose"), "{alerts:?}");
}

#[test]
fn an_sop_that_cannot_be_read() {
    for choice in CHOICES {
        let home = Home::new();
        let filtering = home.filtering();
        filtering.take_bundle(&bundle("number = \"SOP/UJI/01\"\nlayer = \"bad\"\n", None, choice));
        begin(&filtering);
        as_chosen(&filtering, choice, "layer");
        // The next revision is good.
        filtering.take_bundle(&bundle(&good_sop(), None, choice));
        begin(&filtering);
        assert_eq!(filtering.standing.get().instead, None, "{:?}", filtering.standing.get());
        assert!(matches!(said(&filtering, NAMED), Some(Judgement::Blocked(_))));
        // One that is not leaves the good one at work, whatever the choice, and the office hears that its own is not in force.
        filtering.take_bundle(&bundle("oops", None, choice));
        begin(&filtering);
        assert_eq!((filtering.standing.get().in_force, filtering.standing.get().instead), (false, None));
        assert!(matches!(said(&filtering, NAMED), Some(Judgement::Blocked(_))));
    }
}

#[test]
fn files_of_a_lone_site_that_cannot_be_used() {
    for choice in CHOICES {
        let home = Home::new();
        let filtering = home.filtering();
        filtering.take_bundle(&bundle(&good_sop(), None, choice));
        filtering.set_unfit(Some("sop-0.toml:3:1: no such layer".to_owned()));
        begin(&filtering);
        as_chosen(&filtering, choice, "no such layer");
        filtering.set_unfit(None);
        begin(&filtering);
        assert!(matches!(said(&filtering, NAMED), Some(Judgement::Blocked(_))));
    }
}

/// Rules without their index: closed, or what SOPs say of names themselves.
fn without_lists(filtering: &Filtering, choice: WithoutIndex, cause: &str) {
    let standing = filtering.standing.get();
    assert_eq!((standing.instead, standing.index), (Some(choice), None), "{standing:?}");
    assert!(standing.trouble.iter().any(|words| words.contains(cause)), "{cause}: {standing:?}");
    assert_eq!(standing.alerts().count(), 1);
    match choice {
        WithoutIndex::Closed => assert_eq!(said(filtering, OPEN), None),
        WithoutIndex::Plain => {
            assert!(matches!(said(filtering, NAMED), Some(Judgement::Blocked(_))));
            assert_eq!(
                (said(filtering, LISTED), said(filtering, OPEN)),
                (Some(Judgement::Open), Some(Judgement::Open))
            );
        }
    }
}

#[test]
fn an_index_that_is_not_here_or_is_none() {
    for choice in CHOICES {
        let home = Home::new();
        let filtering = home.filtering();
        let (made, index) = home.index(5);
        filtering.take_bundle(&bundle(&good_sop(), Some(index), choice));
        begin(&filtering);
        without_lists(&filtering, choice, "no index of filter lists");
        assert_eq!(filtering.standing.get().awaited, Some(5));
        // Half of it.
        let octets = fs::read(&made).unwrap();
        let place = home.0.join("filter/index-5");
        fs::write(&place, &octets[..octets.len() / 2]).unwrap();
        begin(&filtering);
        without_lists(&filtering, choice, "index 5: ");
        // All of it.
        fs::remove_file(&place).unwrap();
        filtering.store.bring(&index, &made).unwrap();
        begin(&filtering);
        assert_eq!(filtering.standing.get(), Standing { in_force: true, index: Some(5), ..Standing::default() });
        assert!(matches!(said(&filtering, LISTED), Some(Judgement::Blocked(_))));
    }
}

#[test]
fn a_folder_that_cannot_be_used() {
    for choice in CHOICES {
        let home = Home::new();
        // Also root cannot look into it.
        fs::write(home.0.join("filter"), "not a folder").unwrap();
        let filtering = home.filtering();
        let (made, index) = home.index(5);
        filtering.take_bundle(&bundle(&good_sop(), Some(index), choice));
        begin(&filtering);
        without_lists(&filtering, choice, "the filter's folder cannot be used");
        // Mended by hand.
        fs::remove_file(home.0.join("filter")).unwrap();
        begin(&filtering);
        filtering.store.bring(&index, &made).unwrap();
        begin(&filtering);
        assert!(matches!(said(&filtering, LISTED), Some(Judgement::Blocked(_))));
    }
}

#[test]
fn an_index_that_is_damaged_while_it_serves() {
    for choice in CHOICES {
        let home = Home::new();
        let (made, index) = home.index(5);
        let whole = fs::read(&made).unwrap();
        let place = home.0.join("filter/index-5");
        // One octet is another one, where only the question for the listed name comes by.
        let trial = |at: usize| {
            let mut octets = whole.clone();
            octets[at] ^= 0xff;
            let filtering = home.filtering();
            fs::write(home.0.join("other"), &octets).unwrap();
            fs::rename(home.0.join("other"), &place).unwrap();
            filtering.take_bundle(&bundle(&good_sop(), Some(index), choice));
            begin(&filtering);
            let opened = filtering.standing.get().awaited.is_none();
            (opened && filtering.current.get().unwrap().held(&LISTED.parse().unwrap()).is_none()).then_some(filtering)
        };
        let filtering = (0..whole.len()).step_by(1_024).find_map(trial).expect("a damage that only a question finds");
        let asked = said(&filtering, LISTED);
        match choice {
            WithoutIndex::Closed => assert_eq!(asked, Some(Judgement::Damaged)),
            WithoutIndex::Plain => assert_eq!(asked, Some(Judgement::Open)),
        }
        // The keeper hears of it, and awaits another; meanwhile what can be read serves.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = filtering.around.damage.news();
        runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(10), found).await }).unwrap();
        begin(&filtering);
        assert!(!place.exists());
        let standing = filtering.standing.get();
        assert_eq!((standing.in_force, standing.index, standing.awaited), (true, Some(5), Some(5)));
        assert!(standing.trouble.iter().any(|words| words.contains("damaged in places")), "{standing:?}");
        assert_eq!(*filtering.wanted().borrow(), Some(index));
        assert!(matches!(said(&filtering, NAMED), Some(Judgement::Blocked(_) | Judgement::Damaged)));
        // It comes.
        filtering.store.bring(&index, &made).unwrap();
        filtering.index_arrived();
        begin(&filtering);
        assert!(matches!(said(&filtering, LISTED), Some(Judgement::Blocked(_))));
        assert_eq!((filtering.standing.get().trouble.len(), *filtering.wanted().borrow()), (0, None));
    }
}
