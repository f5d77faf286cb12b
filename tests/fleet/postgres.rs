//! The same on PostgreSQL: enrolment, publication, usage, the outbox.

use crate::world::World;

#[path = "../support/postgres.rs"]
mod server;

#[test]
fn publication_and_usage_work_on_postgresql_too() {
    let database = server::database();
    let mut world = World::furnished_on("pg", 2, Some(&database.address)).with_router();
    let codes = world.vouchers("warga", 3, &[]);
    crate::usage::story(&mut world, &codes);
    let known = world.known("gw-galeri-1");
    assert_eq!((known["verdict"].as_str(), known["applied"].as_u64()), (Some("applied"), Some(2)));
    assert!(world.staff(&["audit", "verify"])["rows"].as_u64().is_some_and(|rows| rows >= 6));
}
