//! The audit log held against what was signed, printed and kept elsewhere.

use gapura_runtime::Exit;
use gapura_wire::{AuditAnchor, HeartbeatReply};
use sqlx::Connection as _;

use super::fleet::heartbeat;
use super::world::{World, on_both};

impl World {
    /// Does to the database what somebody with its password could do.
    pub(crate) async fn tamper(&self, statement: &'static str) {
        let address = self.database();
        if address.starts_with("sqlite:") {
            let mut by_hand = sqlx::SqliteConnection::connect(address).await.unwrap();
            sqlx::query(statement).execute(&mut by_hand).await.unwrap();
        } else {
            let mut by_hand = sqlx::PgConnection::connect(address).await.unwrap();
            sqlx::query(statement).execute(&mut by_hand).await.unwrap();
        }
    }

    async fn verify(&self, anchors: &[&str]) -> Result<serde_json::Value, (Exit, String)> {
        let anchors = anchors.iter().flat_map(|anchor| ["--anchor", anchor]);
        self.try_cli(&["audit", "verify"].into_iter().chain(anchors).collect::<Vec<_>>()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_an_altered_row_and_a_rewritten_chain_are_found() {
    on_both("anchors", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let office = &world.serving.office;
        let anchor = office.anchor_audit().await.unwrap().unwrap();
        assert_eq!(anchor.number, 5);
        assert_eq!(office.anchor_audit().await.unwrap().unwrap(), anchor, "nothing new, nothing signed");
        // The gateway is told, and keeps it; so does the paper.
        let reply: HeartbeatReply = router.post("/v1/heartbeat", &heartbeat(1)).await.unwrap();
        assert_eq!(reply.audit.as_ref(), Some(&anchor));
        assert!(anchor.is_signed_by(&office.keys().bundle_key()));
        let kept = world.file("anchors.jsonl", &serde_json::to_string(&reply.audit).unwrap());
        let printed = anchor.code().to_string();

        world.cli(&["voucher", "make", "--site", "galeri", "--plan", "umum"]).await;
        let good = world.verify(&[&kept, &printed]).await.unwrap();
        assert!(good["rows"] == 6 && good["anchors"].as_u64().unwrap() >= 3, "{good}");

        world.tamper("UPDATE audit SET reason = 'lain' WHERE number = 4").await;
        let (exit, text) = world.verify(&[]).await.unwrap_err();
        assert!(exit == Exit::Failed && text.contains("row 4 was changed"), "{text}");
        world.tamper("UPDATE audit SET reason = '' WHERE number = 4").await;
        world.verify(&[&kept]).await.unwrap();

        world.tamper("CREATE TABLE away AS SELECT * FROM audit WHERE number = 3").await;
        world.tamper("DELETE FROM audit WHERE number = 3").await;
        let (exit, text) = world.verify(&[]).await.unwrap_err();
        assert!(exit == Exit::Failed && text.contains("row 3 is missing"), "{text}");
        world.tamper("INSERT INTO audit SELECT * FROM away").await;
        world.verify(&[&kept]).await.unwrap();

        // Whoever has the database rewrites the whole chain, and forgets what was signed: each row follows on the one before.
        rewrite(&world).await;
        assert_eq!(world.verify(&[]).await.unwrap()["rows"], 6, "in itself it holds");
        for elsewhere in [&kept, &printed] {
            let (exit, text) = world.verify(&[elsewhere]).await.unwrap_err();
            assert!(exit == Exit::Failed && text.contains("row 5") && text.contains("rewritten"), "{text}");
        }
        // Cut off behind the third row, it is too short for what was signed.
        world.tamper("DELETE FROM audit WHERE number > 3").await;
        world.verify(&[]).await.unwrap();
        let (exit, text) = world.verify(&[&kept]).await.unwrap_err();
        assert!(exit == Exit::Failed && text.contains("ends at row 3"), "{text}");
    })
    .await;
}

/// Writes all rows anew with another actor, hashes and all, and forgets the signed heads of the database.
async fn rewrite(world: &World) {
    let mut tx = world.serving.office.store().read().await.unwrap();
    let rows = tx.audit_rows(0, 1000).await.unwrap();
    drop(tx);
    world.tamper("DELETE FROM audit_anchor").await;
    world.tamper("DELETE FROM audit").await;
    let mut tx = world.serving.office.store().write().await.unwrap();
    for row in rows {
        let entry = gapura_store::AuditEntry {
            actor: "orang lain",
            action: &row.action,
            object: &row.object,
            before: &row.before,
            after: &row.after,
            reason: &row.reason,
        };
        tx.audit(entry, gapura_store::timestamp(row.at)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_tampered_with_is_not_signed_and_a_foreign_head_proves_nothing() {
    on_both("unsigned", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let first = office.anchor_audit().await.unwrap().unwrap();
        let foreign = gapura_wire::BundleSigner::from_seed(&[9; 32]);
        let foreign = AuditAnchor::sign(&foreign, first.number, first.hash, first.at);
        let file = world.file("foreign.jsonl", &serde_json::to_string(&foreign).unwrap());
        let (exit, text) = world.verify(&[&file]).await.unwrap_err();
        assert!(exit == Exit::Failed && text.contains("not signed by this controller"), "{text}");
        assert_eq!(world.verify(&[&world.file("empty", "\n")]).await.unwrap_err().0, Exit::Usage);

        rewrite(&world).await;
        let again = office.anchor_audit().await.unwrap().unwrap();
        assert_eq!(
            (again.number, again.hash == first.hash),
            (first.number, false),
            "with all heads gone, it starts anew"
        );
        world.cli(&["plan", "set", "--file", &world.file("p.toml", super::world::PLANS)]).await;
        world.tamper("UPDATE audit SET hash = prev WHERE number = 3").await;
        assert_eq!(office.anchor_audit().await.unwrap(), Some(again), "not signed on");
    })
    .await;
}
