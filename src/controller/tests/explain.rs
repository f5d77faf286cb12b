//! Why a site is open or blocked: by clause and by list, at an hour, beside a draft; without an index by clauses alone.

use gapura_model::SiteId;
use gapura_rules::sop::{Action, Asked, Fate, Layer, Outcome};
use jiff::Timestamp;

use super::lists::first_index;
use super::sop::{NUMBER, put_in_force, sop};
use super::world::{World, on_both, on_both_with};
use crate::{OfficeError, SiteAnswer, SiteQuestion};

const CATALOGUE: &str = "[[list]]\nid = \"video\"\ncategory = \"video\"\ntitle = \"Hiburan video\"\nholds = \"names\"\n\
                         sources = [\"video.txt\"]\nformat = \"domains\"\nlicence = \"CC0-1.0\"\n";

/// School hours at the PCs of children.
fn school(until: &str, day: &str) -> String {
    let text = sop(1, "").replace("2026-01-01", day);
    format!(
        "{text}\n[[clause]]\nnumber = 7\nwords = \"Hiburan video ditutup.\"\ncitizen.id = \"Video ditutup.\"\ncitizen.en = \"No \
         video.\"\naction = \"block\"\nNAMES\nscope = {{ groups = [\"anak\"] }}\nmandatory = true\n\
         hours = {{ days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"], spans = [\"07.00-{until}\"] }}\n"
    )
}

fn question(about: &str, group: &str, at: &str, draft: Option<i64>) -> SiteQuestion {
    SiteQuestion {
        site: "galeri".parse().unwrap(),
        asked: Asked::Name(about.parse().unwrap()),
        plan: Some("umum".parse().unwrap()),
        group: group.parse().unwrap(),
        at: at.parse().unwrap(),
        draft,
    }
}

async fn asked(world: &World, question: SiteQuestion) -> SiteAnswer {
    world.serving.office.explain_site(question).await.unwrap()
}

/// Friday, 10.30 at the site.
const LESSONS: &str = "2026-11-20T02:30:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_judged_as_its_gateway_would_by_named_clauses_alone_without_an_index() {
    on_both("explain-clauses", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let bare = asked(&world, question("judi.example.com", "umum", LESSONS, None)).await;
        assert_eq!((bare.sops, bare.index, bare.now.explanation.action), (0, None, Action::Open));

        let named = "names = [\"video.example\"]";
        put_in_force(&world, &school("12.00", "2026-01-01").replace("NAMES", named)).await;
        let answer = asked(&world, question("www.video.example", "anak", LESSONS, None)).await;
        let now = &answer.now;
        assert_eq!((answer.sops, answer.index, now.explanation.action), (1, None, Action::Block));
        assert_eq!(now.until, Some("2026-11-20T04:00:00Z".parse::<Timestamp>().unwrap()), "12.00 WITA");
        let [layer] = now.explanation.layers.as_slice() else { panic!("{:?}", now.explanation.layers) };
        assert_eq!((layer.layer, layer.outcome), (Layer::Regency, Outcome::DecidesMandatory));
        let clause = now.explanation.clause.as_ref().unwrap();
        assert_eq!((clause.clause.as_str(), clause.sop.as_str(), clause.legal_basis.len()), ("7", NUMBER, 1));

        // For grown-ups, and after school, it is open, and the trail says why.
        let others = asked(&world, question("www.video.example", "umum", LESSONS, None)).await.now;
        assert_eq!((others.explanation.action, others.until), (Action::Open, None));
        assert!(matches!(others.explanation.layers[0].clauses[0].why, Fate::OtherPeople(_)), "{others:?}");
        let after = asked(&world, question("www.video.example", "anak", "2026-11-20T05:00:00Z", None)).await.now;
        assert_eq!(after.explanation.action, Action::Open);
        assert_eq!(after.until, Some("2026-11-22T23:00:00Z".parse().unwrap()), "closed again on Monday at 07.00");

        let missing =
            SiteQuestion { site: "tiada".parse::<SiteId>().unwrap(), ..question("a.example", "umum", LESSONS, None) };
        assert!(matches!(office.explain_site(missing).await, Err(OfficeError::NotFound { .. })));
        let no_draft = question("a.example", "umum", LESSONS, Some(99));
        assert!(matches!(office.explain_site(no_draft).await, Err(OfficeError::NotFound { .. })));
        let in_force = question("a.example", "umum", LESSONS, Some(1));
        assert!(matches!(office.explain_site(in_force).await, Err(OfficeError::Refused(_))), "it is no draft");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_compared_with_a_draft_on_a_day_on_which_it_holds_and_names_the_list() {
    let files = [("lists.toml", CATALOGUE), ("video.txt", "video.example\n# x\nfilm.example\n")];
    on_both_with("explain-draft", &files, async |world| {
        world.furnish().await;
        first_index(&world).await;
        let text = |until, day| school(until, day).replace("NAMES", "lists = [\"video\"]");
        put_in_force(&world, &text("12.00", "2026-01-01")).await;
        let office = &world.serving.office;
        assert_eq!(office.compared_sops().await.unwrap().len(), 0);
        let next = text("13.00", "2026-11-25").replace("revision = 1 ", "revision = 2 ");
        let file = world.file("draft.toml", &next);
        let made = world.cli(&["sop", "import", &file, "--by", "ani"]).await;
        let draft = made["sops"][0]["id"].as_i64().unwrap();
        assert_eq!(office.compared_sops().await.unwrap()[0].id, draft);

        let answer = asked(&world, question("www.film.example", "anak", LESSONS, Some(draft))).await;
        assert_eq!(answer.index.unwrap().version, 1);
        let held = &answer.now.explanation.held[0];
        assert_eq!((held.list.as_str(), held.line.as_deref()), ("video", Some("3: film.example")));
        assert_eq!(answer.now.explanation.list.as_deref(), Some("video"));
        assert_eq!(answer.now.until, Some("2026-11-20T04:00:00Z".parse().unwrap()));
        let then = answer.draft.unwrap();
        assert_eq!((then.revision, then.on.unwrap().to_string().as_str()), (2, "2026-11-27"), "the first Friday");
        assert_eq!(then.judged.until, Some("2026-11-27T05:00:00Z".parse().unwrap()), "13.00 WITA");
        // Nothing of all that is kept.
        let before = world.cli(&["audit", "list"]).await.to_string();
        assert!(!before.contains("film.example"), "{before}");
    })
    .await;
}
