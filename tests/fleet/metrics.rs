//! What a scraper reads of both daemons: strictly right, moved by a visit, telling of nobody, and enough for the dashboard.
#![expect(clippy::float_cmp, reason = "whole numbers that are counted")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use gapura_lab::Ns;
use gapura_lab::child::output_of;
use gapura_lab::traffic::download;
use gapura_lab::visit::Family;
use gapura_metrics::{Family as Figures, Format, Kind, read};

use crate::people::{is_in, log_out, one_tap, redeem};
use crate::world::{OTHER, SOON, World};

const GATEWAY: &str = "127.0.0.1:9464";
const CONTROLLER: &str = "127.0.0.1:9465";

/// Keys of labels that there may be: none of them speaks of a person, an address, a visited name or a voucher.
const LABELS: &[&str] = &[
    "condition",
    "direction",
    "door",
    "kind",
    "le",
    "list",
    "method",
    "reason",
    "result",
    "route",
    "state",
    "status",
    "transport",
    "verdict",
    "version",
    "way",
];

fn scrape(ns: &Ns, address: &str, accept: &str) -> String {
    let mut command = ns.command("curl");
    command.args(["-sS", "--fail", "--max-time", "10", "-H", &format!("Accept: {accept}")]);
    command.arg(format!("http://{address}/metrics"));
    output_of(command, None).unwrap()
}

fn families(ns: &Ns, address: &str) -> Vec<Figures> {
    let text = scrape(ns, address, "*/*");
    read(&text, Format::Prometheus).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// The sum of a family's figures that have these labels.
fn figure(families: &[Figures], name: &str, labels: &[(&str, &str)]) -> f64 {
    let family = families.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("there is no {name}"));
    let fits =
        |of: &BTreeMap<String, String>| labels.iter().all(|(key, value)| of.get(*key).is_some_and(|is| is == value));
    family.points.iter().filter(|point| fits(&point.labels)).map(|point| point.value).sum()
}

#[test]
fn both_daemons_are_scraped_and_a_visit_moves_their_figures() {
    let sections = format!("[metrics]\nlisten = \"{CONTROLLER}\"\n");
    let mut world = World::furnished_with("metrics", 1, None, &sections);
    world.unpack_router(&[]);
    let mut file = std::fs::OpenOptions::new().append(true).open(world.router_dir.join("gateway.toml")).unwrap();
    write!(file, "\n[metrics]\nlisten = \"{GATEWAY}\"\n").unwrap();
    world.start_router();
    world.approve();
    world.wait_until_serving();
    let codes = world.vouchers("warga", 1, &[]);
    let of_gateway = |world: &World| families(world.lab.gw(), GATEWAY);
    let of_controller = |world: &World| families(world.lab.ctl(), CONTROLLER);

    let before = of_gateway(&world);
    assert_eq!(figure(&before, "gapura_gateway_up", &[]), 1.0);
    assert_eq!(figure(&before, "gapura_gateway_visits_online", &[]), 0.0);
    assert_eq!(figure(&before, "gapura_gateway_state", &[("state", "serving")]), 1.0);
    assert_eq!(figure(&before, "gapura_gateway_state", &[]), 1.0);
    assert!(figure(&before, "gapura_gateway_bundle_generation", &[]) >= 1.0);
    let soon = |world: &World, what: &str, look: &dyn Fn(&World) -> bool| {
        world.wait(what, 2 * SOON, || look(world).then_some(()));
    };
    soon(&world, "the controller's first answer", &|world| {
        figure(&of_gateway(world), "gapura_gateway_controller_up", &[]) == 1.0
    });
    let now = gapura_lab::clock::unix_seconds() as f64;
    let with_link = of_gateway(&world);
    let contact = figure(&with_link, "gapura_gateway_controller_contact_timestamp_seconds", &[]);
    assert!((now - contact).abs() < 120.0, "{contact}");
    assert!(figure(&with_link, "gapura_gateway_certificate_expiry_timestamp_seconds", &[]) > now);

    // A wrong code, then a right one; then bytes.
    world.visitor(1);
    let visitor = world.at(1);
    let elsewhere = world.staff(&["voucher", "make", "--site", OTHER, "--plan", "warga", "--count", "1"]);
    assert!(!is_in(&redeem(visitor, elsewhere["codes"][0].as_str().unwrap())));
    assert!(is_in(&redeem(visitor, &codes[0])));
    visitor.ns().run(|| download(Family::V4.server(), 300_000, SOON)).unwrap();
    soon(&world, "the bytes of the visit", &|world| {
        figure(&of_gateway(world), "gapura_gateway_visitor_bytes", &[("direction", "down")]) >= 300_000.0
    });
    let during = of_gateway(&world);
    assert_eq!(figure(&during, "gapura_gateway_visits_online", &[]), 1.0);
    assert_eq!(figure(&during, "gapura_gateway_logins", &[("way", "voucher")]), 1.0);
    assert!(figure(&during, "gapura_gateway_refusals", &[]) >= 1.0);
    let more = |name: &str| figure(&during, name, &[]) > figure(&before, name, &[]);
    assert!(more("gapura_gateway_round_seconds") && more("process_cpu_seconds"));
    assert!(figure(&during, "gapura_gateway_heartbeats", &[("result", "answered")]) >= 1.0);
    soon(&world, "the controller to know of the visit", &|world| {
        let seen = of_controller(world);
        figure(&seen, "gapura_controller_ingest_records", &[]) >= 1.0
            && figure(&seen, "gapura_controller_gateways", &[("condition", "serving")]) == 1.0
    });
    log_out(world.at(1));
    assert!(is_in(&one_tap(world.at(1))));
    let after = of_gateway(&world);
    assert_eq!(figure(&after, "gapura_gateway_logins", &[("way", "one-tap")]), 1.0);
    // Nothing that grows has fallen.
    for family in during.iter().filter(|family| family.kind == Kind::Counter) {
        for point in &family.points {
            let labels: Vec<_> = point.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert!(figure(&after, &family.name, &labels) >= point.value, "{point:?}");
        }
    }
    let seen = of_controller(&world);
    assert!(figure(&seen, "gapura_controller_api_requests", &[("route", "/v1/heartbeat"), ("status", "200")]) >= 1.0);
    assert!(figure(&seen, "gapura_controller_api_requests_in_flight", &[("route", "/v1/bundle")]) >= 1.0);
    assert!(figure(&seen, "gapura_controller_bundle_verdicts", &[("verdict", "applied")]) >= 1.0);
    assert!(figure(&seen, "gapura_controller_connections", &[("door", "api")]) >= 1.0);
    assert!(figure(&seen, "gapura_controller_publications", &[]) >= 1.0);

    // Whoever asks for OpenMetrics gets it.
    for (ns, address) in [(world.lab.gw(), GATEWAY), (world.lab.ctl(), CONTROLLER)] {
        let text = scrape(ns, address, "application/openmetrics-text; version=1.0.0");
        read(&text, Format::OpenMetrics).unwrap_or_else(|why| panic!("{why}\n{text}"));
    }

    tells_of_nobody(&world, &after, &seen, &codes[0]);
    serves_what_is_drawn(&after, &seen);
}

fn tells_of_nobody(world: &World, after: &[Figures], seen: &[Figures], code: &str) {
    let mac = world.at(1).mac().to_string();
    let address = world.at(1).lease().unwrap().address.to_string();
    for (families, text) in
        [(after, scrape(world.lab.gw(), GATEWAY, "*/*")), (seen, scrape(world.lab.ctl(), CONTROLLER, "*/*"))]
    {
        for secret in [mac.as_str(), address.as_str(), code] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let keys: BTreeSet<&str> = families
            .iter()
            .flat_map(|family| &family.points)
            .flat_map(|point| point.labels.keys())
            .map(String::as_str)
            .collect();
        assert!(keys.iter().all(|key| LABELS.contains(key)), "{keys:?}");
        let points: usize = families.iter().map(|family| family.points.len()).sum();
        assert!(points < 1_000, "{points} figures");
    }
}

/// The dashboards and the alert rules ask for nothing that is not there.
fn serves_what_is_drawn(after: &[Figures], seen: &[Figures]) {
    let mut there: BTreeSet<String> = BTreeSet::from(["up".to_owned()]);
    for family in after.iter().chain(seen) {
        let name = &family.name;
        there.extend(match family.kind {
            Kind::Counter => vec![format!("{name}_total")],
            Kind::Gauge => vec![name.clone()],
            Kind::Histogram => ["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")).to_vec(),
        });
    }
    let wanted = asked_for();
    assert!(wanted.len() > 40, "{wanted:?}");
    let missing: Vec<_> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "{missing:?} are asked for and served by neither daemon");
}

/// Every metric's name in an expression of a dashboard or a rule.
fn asked_for() -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana");
    let mut expressions = Vec::new();
    for name in ["gapura-controller.json", "gapura-gateway.json"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        for panel in board["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row") {
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{panel}");
            expressions.extend(targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned()));
        }
        for variable in board["templating"]["list"].as_array().unwrap() {
            expressions.extend(variable["query"]["query"].as_str().map(str::to_owned));
        }
    }
    let rules = std::fs::read_to_string(folder.join("gapura-rules.yml")).unwrap();
    expressions.extend(rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ours = ["gapura_", "process_"];
    let words = expressions.iter().flat_map(|text| text.split(|c| !is_name(c)));
    words.filter(|word| ours.iter().any(|start| word.starts_with(start))).map(str::to_owned).collect()
}
