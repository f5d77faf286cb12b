//! What deploy/openapi.json says of what anybody may ask, held against a running controller by schemathesis.

use std::path::{Path, PathBuf};

use gapura_lab::addr;
use gapura_lab::child::output_of;

use crate::world::World;

/// Put there by `sh deploy/dependencies.sh tests`.
const PROGRAM: &str = "target/schemathesis/bin/st";
/// Where gateways find the controller.
const PORT: u16 = 8443;
/// What every answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What schemathesis says of the operations with a tag at an address; always the same questions, and fuzzing takes all of the
/// time it is given.
fn ask(world: &World, url: &str, tag: &str, seconds: &str, more: &[&str]) -> String {
    assert!(ours(PROGRAM).exists(), "sh deploy/dependencies.sh tests");
    let mut command = world.lab.gw().command(ours(PROGRAM).to_str().unwrap());
    command.current_dir(world.lab.dir());
    command.args(more).arg("run").arg(ours("deploy/openapi.json")).args(["--url", url, "--tls-verify", "false"]);
    command.args(["--include-tag", tag, "--seed", "1", "--max-time", seconds]);
    command.args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS]);
    command.args(["--no-shrink", "--no-color", "--warnings", "off", "--generation-database", "none"]);
    let said = output_of(command, None).unwrap_or_else(|error| panic!("{error}\n{}", world.controller_log()));
    println!("{said}");
    said
}

#[test]
fn the_running_console_answers_as_its_description_says() {
    let console = format!("[console]\nlisten = \"[::]:8444\"\npublic_name = \"{}\"\n", addr::CTL.far4);
    let world = World::furnished_with("openapi", 1, None, &console);
    let said = ask(&world, &format!("https://{}:8444", addr::CTL.far4), "public", "60", &[]);
    assert!(said.contains("Tested: 2") && said.contains("No issues found"), "{said}");
}

/// As a router that shows its certificate and says whatever the description allows, and what it does not.
#[test]
fn the_gateways_api_answers_as_its_description_says() {
    let mut world = World::serving("openapi-v1", 1);
    world.stop_router();
    let identity = world.router_dir.join("data/identity");
    let wire = format!(
        "request-cert = {:?}\nrequest-cert-key = {:?}\nparameters = {{ \"query.wait\" = 0 }}\n",
        identity.join("certificate.pem"),
        identity.join("key.pem")
    );
    let file = world.lab.dir().join("schemathesis.toml");
    std::fs::write(&file, wire).unwrap();
    let url = format!("https://{}:{PORT}", addr::CTL.far4);
    let said = ask(&world, &url, "gateways", "90", &["--config-file", file.to_str().unwrap()]);
    assert!(said.contains("Tested: 17") && said.contains("No issues found"), "{said}");
}
