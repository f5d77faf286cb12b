//! Staff: added, signed in, given and taken roles, on both databases.

use std::time::Duration;

use gapura_model::Secret;
use gapura_runtime::{Clock as _, Exit};
use serde_json::json;

use super::world::{World, on_both};
use crate::office::{Actor, Confirmed, Halfway, PersonOrder, Proved, SeenFrom, SignIn, SignedIn, Staff};
use crate::rights::{Grant, Right};
use crate::staff::{SessionToken, StaffName, StaffProblem, TotpSecret};
use crate::{Office, OfficeError};

const OWN: &str = "kuda makan rumput laut";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn name(text: &str) -> StaffName {
    text.parse().unwrap()
}

fn grants(texts: &[&str]) -> Vec<Grant> {
    let grant = |text: &&str| {
        let (role, scope) = text.split_once('@').unwrap_or((text, "province"));
        Grant { role: role.parse().unwrap(), scope: scope.parse().unwrap() }
    };
    texts.iter().map(grant).collect()
}

fn order(who: &str, roles: &[&str]) -> PersonOrder {
    PersonOrder {
        name: name(who),
        title: "Petugas loket".to_owned(),
        lang: "id".to_owned(),
        grants: grants(roles),
        subject: None,
    }
}

fn root() -> Actor {
    Actor { name: "root".to_owned(), reason: String::new() }
}

fn from(last: u8) -> SeenFrom {
    SeenFrom { address: [192, 0, 2, last].into(), agent: "Firefox".to_owned() }
}

async fn sign_in(office: &Office, who: &str, password: &str) -> SignedIn {
    let attempt = SignIn { name: who.to_owned(), password: secret(password), from: from(1) };
    office.sign_in(attempt).await.unwrap()
}

fn done(signed: SignedIn) -> SessionToken {
    let SignedIn::Done(token) = signed else { panic!("{signed:?}") };
    token
}

async fn staff(office: &Office, token: &SessionToken) -> Option<Staff> {
    office.session(token).await.unwrap()
}

fn wrong<T: std::fmt::Debug>(result: Result<T, OfficeError>) -> Vec<StaffProblem> {
    match result {
        Err(OfficeError::Staff(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

/// What a telephone shows for this address now.
fn code_of(world: &World, address: &str) -> String {
    let base32 = address.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let value = |c: u8| if c >= b'A' { c - b'A' } else { c - b'2' + 26 };
    let bits: Vec<bool> = base32.bytes().flat_map(|c| (0..5).rev().map(move |bit| value(c) >> bit & 1 == 1)).collect();
    let octet = |bits: &[bool]| bits.iter().fold(0_u8, |octet, bit| octet << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(octet).collect();
    let now = world.clock.now().wall.as_second();
    TotpSecret::from_bytes(bytes).unwrap().code(now / 30)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_new_chooses_a_password_and_sets_a_second_factor_up_where_it_is_needed() {
    on_both("people-first", async |world| {
        let office = &world.serving.office;
        let added = office.add_person(&order("andi.rahmawati", &["network-admin"]), None, &root()).await.unwrap();
        let given = added.password.unwrap();
        let SignedIn::MustSetPassword(first) = sign_in(office, " Andi.Rahmawati ", given.expose()).await else {
            panic!()
        };
        assert_eq!(staff(office, &first).await, None, "half-way is not signed in");
        assert_eq!(office.halfway(&first).await.unwrap(), Some(Halfway::Password(name("andi.rahmawati"))));
        let problems = wrong(office.sign_in_password(&first, secret("bismillah"), &from(1)).await);
        assert_eq!(problems, [StaffProblem::PasswordShort, StaffProblem::PasswordKnown]);
        let same = office.sign_in_password(&first, Secret::new(given.expose().clone()), &from(1)).await;
        assert_eq!(wrong(same), [StaffProblem::PasswordSame]);
        let SignedIn::MustEnrolTotp(second) = office.sign_in_password(&first, secret(OWN), &from(1)).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(office.halfway(&first).await.unwrap(), None, "each step has a token of its own");
        let shown = office.begin_totp(&second).await.unwrap();
        assert_eq!(office.begin_totp(&second).await.unwrap().address, shown.address, "the same when asked again");
        let refused = office.confirm_totp(&second, "000000", &from(1)).await;
        assert_eq!(wrong(refused), [StaffProblem::Code]);
        let code = code_of(&world, &shown.address);
        let Confirmed { signed, codes } = office.confirm_totp(&second, &code, &from(1)).await.unwrap();
        let token = done(signed.unwrap());
        let me = staff(office, &token).await.unwrap();
        assert!(me.second_factor && me.may(Right::SetPeople, None) && codes.len() == 8);
        assert_eq!((me.name.as_str(), me.full_title.as_str()), ("andi.rahmawati", "Petugas loket"));

        // From now on: password, then a code, and none twice.
        let SignedIn::NeedsCode(half) = sign_in(office, "andi.rahmawati", OWN).await else { panic!() };
        assert_eq!(office.sign_in_code(&half, &code, &from(1)).await.unwrap(), SignedIn::Wrong, "used");
        world.clock.advance(Duration::from_secs(30));
        let next = code_of(&world, &shown.address);
        let token = done(office.sign_in_code(&half, &next, &from(1)).await.unwrap());
        assert_eq!(office.sign_in_code(&half, &next, &from(1)).await.unwrap(), SignedIn::Wrong, "the step is over");
        assert!(staff(office, &token).await.is_some());
        // The telephone is lost: a written code does, once.
        for (good, code) in [(true, codes[3].expose().to_lowercase()), (false, codes[3].expose().clone())] {
            let SignedIn::NeedsCode(half) = sign_in(office, "andi.rahmawati", OWN).await else { panic!() };
            let signed = office.sign_in_code(&half, &code, &from(1)).await.unwrap();
            assert_eq!(matches!(signed, SignedIn::Done(_)), good);
        }
        assert_eq!(office.recovery_codes_left(&name("andi.rahmawati")).await.unwrap(), 7);
        assert_eq!(wrong(office.drop_totp(&me).await), [StaffProblem::NeedsSecondFactor]);
        let log = world.cli(&["audit", "list"]).await.to_string();
        for action in ["person-add", "password-set", "second-factor-set", "sign-in", "code-wrong", "recovery-code-used"]
        {
            assert!(log.contains(action), "{action}");
        }
        assert!(!log.contains("argon2") && !log.contains(OWN) && !log.contains(given.expose().as_str()));
        world.cli(&["audit", "verify"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_by_idleness_by_the_day_and_with_every_change_of_rights() {
    on_both("people-sessions", async |world| {
        let office = &world.serving.office;
        let admin = order("andi.admin", &["network-admin"]);
        office.add_person(&admin, Some(secret(OWN)), &root()).await.unwrap();
        world.furnish().await;
        let clerk = order("loket.utara", &["clerk@site:galeri"]);
        office.add_person(&clerk, Some(secret(OWN)), &root()).await.unwrap();
        let again = async || done(sign_in(office, "loket.utara", OWN).await);
        let token = again().await;
        for _ in 0..3 {
            world.clock.advance(Duration::from_mins(29));
            assert!(staff(office, &token).await.is_some(), "in use");
        }
        world.clock.advance(Duration::from_mins(31));
        assert_eq!(staff(office, &token).await, None, "idle");
        let token = again().await;
        for _ in 0..3 {
            world.clock.advance(Duration::from_mins(9));
            assert!(office.session_unattended(&token).await.unwrap().is_some());
        }
        world.clock.advance(Duration::from_mins(4));
        assert_eq!(staff(office, &token).await, None, "only its page was there");
        let token = again().await;
        for _ in 0..24 {
            world.clock.advance(Duration::from_mins(29));
            staff(office, &token).await.unwrap();
        }
        world.clock.advance(Duration::from_mins(25));
        assert_eq!(staff(office, &token).await, None, "a working day");

        let (one, two) = (again().await, again().await);
        let me = staff(office, &one).await.unwrap();
        assert_eq!(office.sessions_of(&me.name).await.unwrap().len(), 2);
        assert!(
            office.end_session(&me, &two.id()).await.unwrap() && !office.end_session(&me, &two.id()).await.unwrap()
        );
        assert!(staff(office, &two).await.is_none() && staff(office, &one).await.is_some());
        let two = again().await;
        let change = async |old, new| office.change_password(&me, (secret(old), secret(new)), &from(1)).await;
        assert_eq!(change("salah sekali ya", "perahu dan payung").await.unwrap(), Proved::Wrong);
        assert_eq!(change(OWN, "perahu dan payung").await.unwrap(), Proved::Done);
        assert!(staff(office, &two).await.is_none() && staff(office, &one).await.is_some(), "the others end");
        assert_eq!(sign_in(office, "loket.utara", OWN).await, SignedIn::Wrong);
        let grant = &grants(&["helpdesk@site:galeri"])[0];
        office.grant(&me.name, grant, &root()).await.unwrap();
        assert_eq!(staff(office, &one).await, None, "its rights are others now");
        let token = done(sign_in(office, "loket.utara", "perahu dan payung").await);
        assert_eq!(staff(office, &token).await.unwrap().grants.len(), 2);
        office.sign_out(&token).await.unwrap();
        assert_eq!(staff(office, &token).await, None);
        let token = done(sign_in(office, "loket.utara", "perahu dan payung").await);
        office.close_person(&me.name, &root()).await.unwrap();
        assert_eq!(staff(office, &token).await, None);
        assert_eq!(sign_in(office, "loket.utara", "perahu dan payung").await, SignedIn::Wrong);
        let taken = office.add_person(&clerk, Some(secret(OWN)), &root()).await;
        assert_eq!(wrong(taken), [StaffProblem::NameTaken], "a name is never given away twice");

        // What is past is erased: sessions, and in time the titles of those who left.
        office.forget_old().await.unwrap();
        assert_eq!(office.store().read().await.unwrap().sessions("loket.utara").await.unwrap(), []);
        world.clock.advance(Duration::from_hours(24 * 731));
        office.forget_old().await.unwrap();
        let people = office.people().await.unwrap();
        assert_eq!(people.iter().map(|one| one.title.as_str()).collect::<Vec<_>>(), ["Petugas loket", ""]);
        // The log cannot forget: it never held what can be erased.
        let changed = PersonOrder {
            title: "Kepala loket".to_owned(),
            subject: Some("198501012010011001".to_owned()),
            ..order("andi.admin", &[])
        };
        office.change_person(&changed, &root()).await.unwrap();
        let log = office.store().read().await.unwrap().audit_rows(0, 1000).await.unwrap();
        let said = |text: &str| log.iter().any(|row| row.before.contains(text) || row.after.contains(text));
        assert!(said("clerk") && said("another title, another subject"), "{log:?}");
        assert!(!said("Petugas loket") && !said("Kepala loket") && !said("198501012010011001"), "{log:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duties_stay_apart_and_somebody_can_always_add_people() {
    on_both("people-duties", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let both = order("dua.tugas", &["sop-editor", "sop-approver@site:galeri", "auditor"]);
        let both = PersonOrder { title: " ".to_owned(), lang: "xx".to_owned(), ..both };
        let problems = wrong(office.add_person(&both, Some(secret("rahasia")), &root()).await);
        let clashes = problems.iter().filter(|one| matches!(one, StaffProblem::Clash { .. })).count();
        assert!(clashes == 3 && problems.contains(&StaffProblem::Title) && problems.contains(&StaffProblem::Language));
        assert!(problems.contains(&StaffProblem::PasswordShort), "all at once: {problems:?}");
        let nowhere = office.add_person(&order("tak.ada", &["clerk@site:hilang"]), None, &root()).await;
        assert_eq!(wrong(nowhere), [StaffProblem::NoSite("hilang".to_owned())]);
        assert_eq!(wrong(office.add_person(&order("tak.ada", &[]), None, &root()).await), [StaffProblem::NoGrant]);
        assert_eq!(office.people().await.unwrap(), [], "nothing half-done");

        office.add_person(&order("andi", &["network-admin"]), None, &root()).await.unwrap();
        let andi = name("andi");
        assert_eq!(wrong(office.close_person(&andi, &root()).await), [StaffProblem::LastAdministrator]);
        let less = office.set_grants(&andi, &grants(&["network-admin@regency:sinjai"]), &root()).await;
        assert_eq!(wrong(less), [StaffProblem::LastAdministrator]);
        office.add_person(&order("budi", &["network-admin"]), None, &root()).await.unwrap();
        let herself = Actor { name: "andi".to_owned(), reason: String::new() };
        assert_eq!(wrong(office.close_person(&andi, &herself).await), [StaffProblem::Oneself]);
        let more = office.grant(&andi, &grants(&["investigator"])[0], &herself).await;
        assert_eq!(wrong(more), [StaffProblem::Oneself]);
        office.close_person(&andi, &root()).await.unwrap();
        assert_eq!(wrong(office.close_person(&name("budi"), &root()).await), [StaffProblem::LastAdministrator]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_wait_longer_each_time_and_nobody_is_locked_out() {
    on_both("people-guesses", async |world| {
        let office = &world.serving.office;
        office.add_person(&order("andi", &["auditor"]), Some(secret(OWN)), &root()).await.unwrap();
        // A name that nobody has waits the same as one that somebody has.
        for who in ["andi", "tidak.ada", "Bukan Nama!"] {
            let mut waits = Vec::new();
            for _ in 0..40 {
                let signed = sign_in(office, who, "salah salah salah").await;
                if let SignedIn::Wait { seconds } = signed {
                    waits.push(seconds);
                    world.clock.advance(Duration::from_secs(seconds));
                } else if signed == SignedIn::Wrong && waits.len() == 4 {
                    break;
                } else {
                    assert_eq!(signed, SignedIn::Wrong);
                }
            }
            assert_eq!(waits, [1, 2, 4, 8], "{who}");
        }
        let elsewhere = SignIn { name: "andi".to_owned(), password: secret(OWN), from: from(9) };
        done(office.sign_in(elsewhere).await.unwrap());
        world.clock.advance(Duration::from_mins(1));
        let SignedIn::Done(_) = sign_in(office, "andi", OWN).await else { panic!("after the wait, here too") };
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_in_proves_it_once_more_for_what_matters() {
    on_both("people-proof", async |world| {
        let office = &world.serving.office;
        office.add_person(&order("andi", &["auditor"]), Some(secret(OWN)), &root()).await.unwrap();
        let token = done(sign_in(office, "andi", OWN).await);
        let me = staff(office, &token).await.unwrap();
        let now = || world.clock.now().wall;
        assert!(!me.must_prove(Right::Export, now()) && !me.must_prove(Right::SeeAudit, now()));
        world.clock.advance(Duration::from_mins(6));
        let me = staff(office, &token).await.unwrap();
        assert!(me.must_prove(Right::Export, now()) && !me.must_prove(Right::SeeAudit, now()));
        assert_eq!(office.prove_again(&me, secret("bukan itu saja"), &from(1)).await.unwrap(), Proved::Wrong);
        assert_eq!(office.prove_again(&me, secret(OWN), &from(1)).await.unwrap(), Proved::Done);
        assert!(!staff(office, &token).await.unwrap().must_prove(Right::Export, now()));
        // With a second factor it is the code.
        let shown = office.begin_totp(&token).await.unwrap();
        let Confirmed { signed, .. } =
            office.confirm_totp(&token, &code_of(&world, &shown.address), &from(1)).await.unwrap();
        assert_eq!(signed, None);
        world.clock.advance(Duration::from_mins(6));
        let me = staff(office, &token).await.unwrap();
        assert_eq!(office.prove_again(&me, secret(OWN), &from(1)).await.unwrap(), Proved::Wrong);
        let code = code_of(&world, &shown.address);
        assert_eq!(office.prove_again(&me, secret(&code), &from(1)).await.unwrap(), Proved::Done);
        office.drop_totp(&me).await.unwrap();
        assert_eq!(staff(office, &token).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_worked_on_at_the_machine() {
    on_both("people-cli", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let create = ["admin", "create", "--name", "andi", "--title", "Pengelola", "--temporary"];
        let made = world.cli(&create).await;
        assert!(made["password"].as_str().unwrap().len() == 19 && made["totp"].is_null(), "{made}");
        let signed = sign_in(office, "andi", made["password"].as_str().unwrap()).await;
        assert!(matches!(signed, SignedIn::MustSetPassword(_)), "{signed:?}");
        let (exit, text) = world.try_cli(&create).await.unwrap_err();
        assert!(exit == Exit::Config && text.contains("belongs to somebody"), "{text}");
        world
            .cli(&[
                "admin",
                "create",
                "--name",
                "loket",
                "--title",
                "Petugas loket",
                "--role",
                "clerk@site:galeri",
                "--temporary",
            ])
            .await;
        world.cli(&["admin", "grant", "loket", "helpdesk@site:galeri"]).await;
        world.cli(&["admin", "ungrant", "loket", "clerk@site:galeri"]).await;
        let again = world.try_cli(&["admin", "ungrant", "loket", "clerk@site:galeri"]).await.unwrap_err();
        assert_eq!(again.0, Exit::Failed);
        let list = world.cli(&["admin", "list"]).await;
        assert_eq!(list[1]["grants"], json!([{ "role": "helpdesk", "scope": "site:galeri" }]));
        assert_eq!((&list[0]["second_factor"], &list[0]["closed"]), (&json!(false), &json!(null)));
        assert!(!list.to_string().contains("argon2"));
        // At the machine the second factor is set up at once.
        let (shown, codes) = office.give_totp(&name("andi"), &root()).await.unwrap();
        assert!(codes.len() == 8 && shown.for_terminal().contains('█'));
        world.cli(&["admin", "reset-totp", "andi"]).await;
        let reset = world.cli(&["admin", "reset-password", "loket"]).await;
        assert!(matches!(
            sign_in(office, "loket", reset["password"].as_str().unwrap()).await,
            SignedIn::MustSetPassword(_)
        ));
        world.clock.advance(Duration::from_hours(24 * 8));
        assert_eq!(sign_in(office, "loket", reset["password"].as_str().unwrap()).await, SignedIn::Wrong, "too late");
        world.cli(&["admin", "close", "loket"]).await;
        assert_eq!(world.try_cli(&["admin", "close", "loket"]).await.unwrap_err().0, Exit::Config);
        for bad in [&["admin", "grant", "andi", "boss"][..], &["admin", "grant", "andi", "clerk@desa:x"]] {
            assert_eq!(world.try_cli(bad).await.unwrap_err().0, Exit::Usage);
        }
    })
    .await;
}
