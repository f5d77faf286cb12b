//! *Buka darurat* needs nobody at the department.

use gapura_lab::visit::Family;

use crate::people::{is_online, wait_until_online};
use crate::world::{SOON, World};

#[test]
fn the_gate_opens_in_an_emergency_with_the_controller_away_and_the_department_learns_of_it() {
    let mut world = World::serving("darurat", 1);
    world.visitor(1);
    assert!(!is_online(world.at(1), Family::V4));
    world.stop_controller();
    world.ctl(&["open-in-emergency", "--for", "3000s", "--reason", "gempa"]);
    wait_until_online(world.at(1), true);
    // Nor does a restart of the router, still without its controller.
    world.kill_router();
    world.start_router();
    let status = world.wait("the control socket", SOON, || world.try_ctl(&["status"]).ok());
    assert_eq!(status["state"], "open-in-emergency", "{status}");
    wait_until_online(world.at(1), true);
    let audit: Vec<(String, String, String)> = {
        let ledger = world.ledger();
        let mut query = ledger.prepare("SELECT actor, action, detail FROM audit ORDER BY id").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let opened: Vec<_> = audit.iter().filter(|(_, action, _)| action == "open-in-emergency").collect();
    assert!(
        matches!(opened.as_slice(), [(actor, _, why)] if actor.contains("petugas") && why.contains("gempa")),
        "{audit:?}"
    );
    // The controller comes back, and hears of it with the next heartbeat; a restart brings that forward.
    world.start_controller();
    world.stop_router();
    world.start_router();
    world.wait("the department to know", SOON, || {
        (world.known("gw-galeri-1")["heartbeat"]["state"] == "open-in-emergency").then_some(())
    });
    world.ctl(&["open-in-emergency", "--for", "0s", "--reason", "aman"]);
    wait_until_online(world.at(1), false);
}
