//! A made-up regency goes into an empty database, once, and is the same on both.

use super::world::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_regency_fills_an_empty_database_and_no_other() {
    let seen = std::sync::Mutex::new(Vec::new());
    on_both("sample", async |world| {
        let made = world.cli(&["sample", "--days", "3", "--visits", "2000", "--seed", "7"]).await;
        assert_eq!(made["sites"], 24);
        let from = ["usage", "--from", "2026-11-18T00:00:00Z", "--limit", "1"];
        let usage = world.cli(&from).await;
        let sums = usage["sums"].as_array().unwrap_or_else(|| panic!("{usage}"));
        let visits: u64 = sums.iter().map(|sum| sum["visits"].as_u64().unwrap()).sum();
        assert_eq!(made["visits"], visits);
        assert!((3_000..7_000).contains(&visits), "{visits}");
        seen.lock().unwrap().push((visits, sums[0]["bytes_down"].as_u64().unwrap()));
        let head = world.cli(&["audit", "verify"]).await;
        assert!(head["rows"].as_u64().unwrap_or_default() > 500, "{head}");
        let gateways = world.cli(&["gateway", "list"]).await;
        let states = |state: &str| gateways.as_array().unwrap().iter().filter(|one| one["state"] == state).count();
        assert_eq!((states("silent"), states("uplink-down")), (1, 1));
        assert!(states("serving") + states("closed") >= 20);
        let pending = world.cli(&["gateway", "pending"]).await;
        assert_eq!(pending[0]["state"], "pending");
        let sops = world.cli(&["sop", "list"]).await;
        let of = |state: &str| sops.as_array().unwrap().iter().filter(|sop| sop["state"] == state).count();
        assert_eq!((of("draft"), of("published")), (1, 5), "four in force, and a revision of one going out: {sops}");
        let mut tx = world.serving.office.store().read().await.unwrap();
        let [rollout] = <[_; 1]>::try_from(tx.open_rollouts().await.unwrap()).unwrap();
        assert_eq!((rollout.state.as_str(), rollout.wave, rollout.waves), ("running", 1, 3));
        drop(tx);
        assert!(!world.serving.office.months_reported().await.unwrap().is_empty());
        assert_eq!(world.serving.office.lookups().await.unwrap().len(), 1);
        let (_, why) = world.try_cli(&["sample"]).await.unwrap_err();
        assert!(why.contains("only into an empty one"), "{why}");
    })
    .await;
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen[0], seen[1], "the same year on both databases");
}
