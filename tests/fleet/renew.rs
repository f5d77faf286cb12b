//! A certificate past the half of its life is replaced while the router serves.

use std::fs;
use std::time::Duration;

use gapura_wire::Sha256;

use crate::world::{World, now_millis};

#[test]
fn a_certificate_is_renewed_at_half_its_life_and_used_without_a_restart() {
    let mut world = World::furnished("renew", 1);
    world.unpack_router(&[]);
    world.start_router();
    let id = world.wait_for_request();
    world.staff(&["gateway", "approve", &id]);
    // As if it had been given a year and a day ago: what is left is less than half of two years. The router asks for its
    // certificate again after some seconds; until then nothing has used it.
    let database = world.database();
    let left = now_millis() + 364 * 86_400_000;
    assert_eq!(database.execute("UPDATE certificate SET not_after = ?", [left]).unwrap(), 1);
    let certificate = world.router_dir.join("data/identity/certificate.pem");
    let first = fingerprints(&world).remove(0);
    world.wait("the renewed certificate", Duration::from_secs(90), || {
        world.router_log().contains("the router's certificate was renewed").then_some(())
    });
    assert_eq!(fingerprints(&world).len(), 2);
    assert!(certificate.exists() && !world.router_dir.join("data/identity/key-next.pem").exists());
    // The controller forgets the old one: whoever still showed it would be a stranger.
    assert_eq!(database.execute("DELETE FROM certificate WHERE fingerprint = ?", [first.as_slice()]).unwrap(), 1);
    world.vouchers("warga", 1, &[]);
    assert!(!world.router_log().contains("belongs to no gateway"), "{}", world.router_log());
    let (status, _) = world.api("GET", "/v1/balances", None);
    assert_eq!(status, 200, "what stands on disk is the new pair");
    let pem = fs::read_to_string(&certificate).unwrap();
    let shown = fingerprint(&pem);
    assert_eq!(fingerprints(&world), [shown.as_bytes().to_vec()]);
    // Renewed once, not at every heartbeat.
    let rows = world.staff(&["audit", "list"]);
    let renewals = rows.as_array().unwrap().iter().filter(|row| row["action"] == "certificate-renew").count();
    assert_eq!(renewals, 1);
    let pid_log = world.router_log().matches("enrolled").count();
    assert_eq!(pid_log, 1, "one run of the router did it all");
}

fn fingerprints(world: &World) -> Vec<Vec<u8>> {
    let database = world.database();
    let mut statement = database.prepare("SELECT fingerprint FROM certificate ORDER BY not_after").unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// SHA-256 over the first certificate of a chain.
fn fingerprint(pem: &str) -> Sha256 {
    let body: String = pem.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect();
    Sha256::of(&crate::world::from_base64(&body))
}
