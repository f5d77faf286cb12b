//! Five sites with a played gateway each.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_runtime::Clock as _;
use gapura_wire::{BundleOutcome, BundleVerdict};
use serde_json::{Value, json};

use super::super::client::Router;
use super::super::network::says;
use super::super::sop::{bundle, put_in_force, sop};
use super::super::world::{SITE, World};

/// Gateways by site, and which of them are switched on.
pub(super) struct Fleet<'a> {
    world: &'a World,
    pub(super) routers: BTreeMap<&'static str, Router>,
    pub(super) off: Vec<&'static str>,
}

pub(super) const SITES: [&str; 5] = ["galeri", "b", "c", "d", "e"];

impl<'a> Fleet<'a> {
    /// Five sites with a gateway each, and revision 1 in force everywhere.
    pub(super) async fn new(world: &'a World) -> Self {
        world.furnish().await;
        let site = world.file("more.toml", SITE);
        let mut routers = BTreeMap::new();
        for id in SITES {
            world.cli(&["site", "set", id, "--file", &site]).await;
            routers.insert(id, world.member_of(id).await.0);
        }
        put_in_force(world, &sop(1, "")).await;
        let fleet = Self { world, routers, off: Vec::new() };
        fleet.take(&SITES).await;
        fleet.pass(1).await;
        fleet
    }

    pub(super) const fn world(&self) -> &'a World {
        self.world
    }

    /// A revision, approved; its number in the list.
    pub(super) async fn approved(&self, revision: u32) -> String {
        let file = self.world.file("next.toml", &sop(revision, ""));
        let made = self.world.cli(&["sop", "import", &file, "--by", "ani"]).await;
        let id = made["sops"][0]["id"].to_string();
        self.world.cli(&["sop", "approve", &id, "--by", "budi"]).await;
        id
    }

    /// They apply the newest bundle.
    pub(super) async fn take(&self, sites: &[&'static str]) {
        for site in sites {
            self.judge(site, BundleVerdict::Applied, "").await;
        }
    }

    pub(super) async fn judge(&self, site: &str, verdict: BundleVerdict, detail: &str) {
        let generation = bundle(self.world, site).await.generation;
        let outcome = BundleOutcome { generation, verdict, detail: detail.to_owned() };
        self.routers[site].post::<_, Value>("/v1/bundle/outcome", &outcome).await.unwrap();
    }

    /// So many minutes go by: heartbeats of those that are on, and looks of the controller.
    pub(super) async fn pass(&self, minutes: u64) {
        for _ in 0..minutes {
            self.world.clock.advance(Duration::from_mins(1));
            for (_, router) in self.routers.iter().filter(|(site, _)| !self.off.contains(site)) {
                says(router, said(self.world)).await;
            }
            self.world.serving.office.step_rollouts().await.unwrap();
        }
    }

    /// The revisions in each site's bundle.
    pub(super) async fn runs(&self) -> BTreeMap<&'static str, Vec<u32>> {
        let mut runs = BTreeMap::new();
        for site in SITES {
            let filter = bundle(self.world, site).await.filter;
            runs.insert(
                site,
                filter.map_or_else(Vec::new, |filter| filter.sops.iter().map(|sop| sop.revision).collect()),
            );
        }
        runs
    }

    /// The sites with this revision and no other.
    pub(super) async fn with(&self, revision: u32) -> Vec<&'static str> {
        let runs = self.runs().await;
        SITES.into_iter().filter(|site| runs[site] == [revision]).collect()
    }

    pub(super) async fn state(&self, id: &str) -> (String, i64) {
        let seen = self.world.cli(&["sop", "rollout", id]).await;
        (seen["state"].as_str().unwrap().to_owned(), seen["wave"].as_i64().unwrap())
    }

    pub(super) async fn sop_states(&self) -> Vec<String> {
        let list = self.world.cli(&["sop", "list"]).await;
        list.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn actions(&self) -> Vec<(String, String, String)> {
        let log = self.world.cli(&["audit", "list"]).await;
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        log.as_array()
            .unwrap()
            .iter()
            .map(|row| (text(row, "action"), text(row, "actor"), text(row, "reason")))
            .collect()
    }
}

/// What a gateway says of itself; which bundle it runs is known from what it said of that.
pub(super) fn said(world: &World) -> Value {
    json!({ "generation": 0, "filter": { "in_force": true }, "sent": world.clock.now().wall })
}
