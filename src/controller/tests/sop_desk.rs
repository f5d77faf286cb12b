//! The SOP desk: drafts as they are written, what waits for whom, two people where others rely on it, and what a trial says.

use gapura_rules::sop::Severity;
use gapura_store::SopState;
use gapura_wire::{FilterAction, ShadowName, ShadowReport, ShadowTotal};
use serde_json::Value;

use super::sop::{bundle, put_in_force, sop};
use super::world::on_both;
use crate::{Actor, OfficeError, SopEnding, decree_hash};

fn by(name: &str, reason: &str) -> Actor {
    Actor { name: name.to_owned(), reason: reason.to_owned() }
}

fn refused(error: &OfficeError) -> String {
    assert!(matches!(error, OfficeError::Refused(_)), "{error}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_written_carried_on_given_back_and_published() {
    on_both("desk-draft", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let wrong = sop(1, "").replace("action = \"block\"", "action = \"blok\"").replace("title =", "titel =");
        let problems = office.check_sop(&wrong).await.unwrap();
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let lines: Vec<usize> = errors.map(|problem| problem.position.line).collect();
        assert!(lines.contains(&3) && lines.contains(&16), "{lines:?}");
        assert!(matches!(office.save_sop(None, &wrong, &by("ani", "")).await, Err(OfficeError::Sop(_))));
        assert!(office.sop_lines().await.unwrap().is_empty(), "nothing of it is kept");

        let first = office.save_sop(None, &sop(1, ""), &by("ani", "")).await.unwrap();
        assert_eq!(office.sops_waiting("ani").await.unwrap(), 0, "nobody approves what they wrote");
        assert_eq!(office.sops_waiting("budi").await.unwrap(), 1);
        let same = office.save_sop(Some(first.id), &sop(1, ""), &by("budi", "")).await.unwrap();
        assert_eq!((same.id, same.author.as_str()), (first.id, "ani"), "nothing was written");
        let second = office.save_sop(Some(first.id), &sop(1, "\n# lanjut\n"), &by("budi", "")).await.unwrap();
        assert_eq!((second.id, second.author.as_str()), (2, "ani + budi"));
        let late = office.save_sop(Some(first.id), &sop(1, "\n# lain\n"), &by("ani", "")).await.unwrap_err();
        assert!(refused(&late).contains("SOP 1 is discarded"), "{late}");
        // A check that is remembered is forgotten with what it stood on: the same text beside another SOP in force.
        let other = sop(1, "").replace("KOMINFO/01", "DISDIK/02").replace("\"block\"", "\"open\"");
        let errors = async || {
            let found = office.check_sop(&other).await.unwrap();
            found.iter().filter(|problem| problem.severity == Severity::Error).count()
        };
        assert_eq!((errors().await, errors().await), (0, 0));
        let blocking = put_in_force(&world, &sop(5, "").replace("KOMINFO/01", "KOMINFO/09")).await;
        assert!(errors().await > 0, "it contradicts what is in force now");
        world.cli(&["sop", "retire", &blocking, "--by", "budi", "--reason", "uji"]).await;
        assert_eq!(errors().await, 0);
        // Under another number it takes the place of the draft all the same.
        let moved = sop(1, "").replace("KOMINFO/01", "KOMINFO/02");
        let third = office.save_sop(Some(second.id), &moved, &by("ani", "")).await.unwrap();
        let lines = office.sop_lines().await.unwrap();
        let states: Vec<_> = lines.iter().map(|line| (line.row.id, line.row.state.as_str())).collect();
        assert_eq!(states, [(4, "draft"), (3, "retired"), (2, "discarded"), (1, "discarded")]);

        let why = office.return_sop(third.id, &by("citra", " ")).await.unwrap_err();
        assert!(refused(&why).contains("what is to be changed"), "{why}");
        office.approve_sop(third.id, None, &by("citra", "")).await.unwrap();
        let back = office.return_sop(third.id, &by("citra", "nomor keliru")).await.unwrap();
        assert_eq!((back.state.as_str(), back.approver), (SopState::Draft.as_str(), None));
        assert_eq!(office.sops_waiting("dewi").await.unwrap(), 0, "what was given back waits for nobody's approval");
        let why = office.return_sop(third.id, &by("ani", "sendiri")).await.unwrap_err();
        assert!(refused(&why).contains("somebody else"), "{why}");
        let seen = office.see_sop(third.id, "Ani").await.unwrap();
        assert!(seen.wrote && !seen.binds && seen.problems.is_empty() && seen.before.is_none(), "{:?}", seen.problems);
        let actions: Vec<_> = seen.history.iter().map(|line| line.action.as_str()).collect();
        assert_eq!(actions, ["sop-return", "sop-approve", "sop-import"], "of this one alone");
        assert_eq!((seen.history[0].reason.as_str(), seen.revisions.len()), ("nomor keliru", 1));
        office.approve_sop(third.id, None, &by("citra", "")).await.unwrap();
        office.publish_sop(third.id, &by("citra", "")).await.unwrap();

        let next = office.next_revision(third.id).await.unwrap();
        let expected = moved.replace("revision = 1 #", "revision = 2 #");
        assert_eq!(next, expected, "only the number of the revision");
        let draft = office.save_sop(None, &next, &by("ani", "")).await.unwrap();
        let seen = office.see_sop(draft.id, "citra").await.unwrap();
        assert_eq!(seen.before.as_ref().map(|(row, _)| row.id), Some(third.id));
        assert!(!seen.wrote && seen.revisions.len() == 2);
        // What the draft changes would be lost in one that is made from the revision in force.
        let newer = office.next_revision(third.id).await.unwrap_err();
        assert!(refused(&newer).contains(&format!("newer revision 2 (SOP {})", draft.id)), "{newer}");
        let why = office.discard_sop(third.id, &by("ani", "x")).await.unwrap_err();
        assert!(refused(&why).contains("published"), "{why}");
        office.approve_sop(draft.id, None, &by("citra", "")).await.unwrap();
        assert!(office.next_revision(third.id).await.is_err(), "an approved one waits as well");
        let long = office.discard_sop(draft.id, &by("ani", &"x".repeat(201))).await.unwrap_err();
        assert!(refused(&long).contains("200"), "{long}");
        office.discard_sop(draft.id, &by("ani", "tidak jadi")).await.unwrap();
        office.next_revision(third.id).await.unwrap();
        let large = office.check_sop(&"#".repeat(gapura_wire::limits::SOP_BYTES + 1)).await.unwrap_err();
        assert!(matches!(large, OfficeError::Mistakes(_)), "{large}");
        assert_eq!(bundle(&world, "galeri").await.filter.unwrap().sops.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_of_the_decree_that_was_read() {
    on_both("desk-decree", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let id = office.save_sop(None, &sop(1, ""), &by("ani", "")).await.unwrap().id;
        let read = decree_hash(&office.sop(id).await.unwrap());
        assert_eq!(read, "");
        office.attach_decree(id, b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n", &by("ani", "")).await.unwrap();
        let why = office.approve_sop(id, Some(&read), &by("citra", "")).await.unwrap_err();
        assert!(refused(&why).contains("decree of SOP 1 was changed"), "{why}");
        assert_eq!(office.sop(id).await.unwrap().state, "draft");
        let read = decree_hash(&office.sop(id).await.unwrap());
        assert_eq!(read.len(), 64, "{read}");
        // Another decree takes its place: the former is kept by nobody, and is not kept.
        let former = read;
        office.return_sop(id, &by("citra", "SK keliru")).await.unwrap();
        office.attach_decree(id, b"%PDF-1.7\n2 0 obj\nendobj\n%%EOF\n", &by("ani", "")).await.unwrap();
        assert_eq!(office.sops_waiting("citra").await.unwrap(), 1, "with another decree it waits again");
        let former = former.parse::<gapura_wire::Sha256>().unwrap();
        assert!(office.store.read().await.unwrap().decree(former.as_bytes()).await.unwrap().is_none());
        let read = decree_hash(&office.sop(id).await.unwrap());
        office.approve_sop(id, Some(&read), &by("citra", "")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_texts_holds_no_connection_and_takes_turns() {
    on_both("desk-turns", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let turns = office.hold_sop_turns().await;
        // More than there are connections to read with.
        let mut waiting = tokio::task::JoinSet::new();
        for revision in 1..=12 {
            let office = office.clone();
            waiting.spawn(async move { office.check_sop(&sop(revision, "")).await });
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(waiting.try_join_next().is_none(), "all wait for their turn");
        assert!(office.sop_lines().await.unwrap().is_empty(), "others read meanwhile");
        drop(turns);
        for found in waiting.join_all().await {
            assert!(found.unwrap().iter().all(|problem| problem.severity != Severity::Error));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_rely_on_ends_when_a_second_person_agrees_on_their_own_page() {
    on_both("desk-end", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let id: i64 = put_in_force(&world, &sop(1, "mandatory = true\n")).await.parse().unwrap();
        assert!(refused(&office.end_sop(id, &by("budi", "")).await.unwrap_err()).contains("why"));
        let why = office.agree_sop_end(id, 0, &by("citra", "")).await.unwrap_err();
        assert!(refused(&why).contains("nobody asks"), "{why}");
        assert!(matches!(office.end_sop(id, &by("budi", "dicabut")).await.unwrap(), SopEnding::Asked));
        let again = office.end_sop(id, &by("citra", "dicabut")).await.unwrap_err();
        assert!(refused(&again).contains("budi has asked already"), "{again}");
        assert_eq!(bundle(&world, "galeri").await.filter.unwrap().sops.len(), 1, "still in force");
        assert_eq!((office.sops_waiting("budi").await.unwrap(), office.sops_waiting("citra").await.unwrap()), (0, 1));
        let seen = office.see_sop(id, "budi").await.unwrap();
        let ending = seen.line.ending.unwrap();
        assert!(seen.binds && seen.asked && ending.reason == "dicabut");
        let other = office.agree_sop_end(id, ending.asked - 1, &by("citra", "")).await.unwrap_err();
        assert!(refused(&other).contains("budi asked anew"), "{other}");
        let own = office.agree_sop_end(id, ending.asked, &by(" Budi ", "")).await.unwrap_err();
        assert!(refused(&own).contains("somebody else"), "{own}");
        office.keep_sop(id, &by("citra", "masih perlu")).await.unwrap();
        assert!(office.agree_sop_end(id, ending.asked, &by("citra", "")).await.is_err(), "it was taken back");
        office.end_sop(id, &by("budi", "diganti")).await.unwrap();
        let asked = office.see_sop(id, "citra").await.unwrap().line.ending.unwrap().asked;
        let (ended, published) = office.agree_sop_end(id, asked, &by("citra", "")).await.unwrap();
        assert_eq!((ended.state.as_str(), published.len()), ("retired", 1));
        assert_eq!(bundle(&world, "galeri").await.filter, None);
        let seen = office.see_sop(id, "citra").await.unwrap();
        let lines: Vec<_> = seen.history.iter().map(|line| (line.action.as_str(), line.actor.as_str())).collect();
        assert_eq!(lines[..2], [("sop-retire", "budi + citra"), ("sop-end-ask", "budi")], "{lines:?}");
        assert!(seen.line.ending.is_none() && seen.history[0].reason == "diganti");
        // Nothing mandatory, no layer above: one person, with a reason.
        let free: i64 = put_in_force(&world, &sop(2, "")).await.parse().unwrap();
        assert!(matches!(office.end_sop(free, &by("budi", "selesai")).await.unwrap(), SopEnding::Ended(_)));
        assert_eq!(office.sops_waiting("citra").await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_says_how_many_gateways_answered_and_what_would_change() {
    on_both("desk-impact", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let (router, _) = world.member(&[]).await;
        let draft = office.save_sop(None, &sop(1, ""), &by("ani", "")).await.unwrap().id;
        let before = office.sop_impact(draft).await.unwrap();
        assert_eq!((before.running, before.since, before.asked, before.result.gateways), (false, None, (1, 1), 0));
        let (row, _) = office.try_sop(draft, 3, &by("ani", "")).await.unwrap();
        let name = |name: &str, then| ShadowName {
            name: name.to_owned(),
            questions: 40,
            groups: vec!["umum".parse().unwrap()],
            then,
            clause: None,
            list: None,
        };
        let report = ShadowReport {
            draft: row.trial.as_deref().unwrap().parse().unwrap(),
            sha256: bundle(&world, "galeri").await.filter.unwrap().drafts[0].sop.sha256,
            from: "2026-11-15".parse().unwrap(),
            until: "2026-11-21".parse().unwrap(),
            same: ShadowTotal { names: 900, questions: 9000 },
            blocked: ShadowTotal { names: 2, questions: 80 },
            opened: ShadowTotal::default(),
            names: vec![name("lapor.go.id", FilterAction::Block), name("game.example.com", FilterAction::Block)],
        };
        router.post::<_, Value>("/v1/shadow", &report).await.unwrap();
        let impact = office.sop_impact(draft).await.unwrap();
        assert!(impact.running && impact.since.is_some() && impact.heard.is_some());
        assert_eq!((impact.result.gateways, impact.sites, impact.asked), (1, 1, (1, 1)));
        assert_eq!(impact.days, Some((report.from, report.until)));
        let named: Vec<_> = impact.result.names.iter().map(|name| name.name.as_str()).zip(&impact.names).collect();
        let government = Some(gapura_rules::sop::Protects::Government);
        assert_eq!(named, [("game.example.com", &(1, None)), ("lapor.go.id", &(1, government))]);
    })
    .await;
}
