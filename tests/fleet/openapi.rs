//! What deploy/openapi.json says of what anybody may ask, held against a running controller by schemathesis.

use std::path::{Path, PathBuf};

use gapura_lab::addr;
use gapura_lab::child::output_of;

use crate::world::World;

/// Put there by `sh deploy/dependencies.sh tests`.
const PROGRAM: &str = "target/schemathesis/bin/st";
/// What every answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";

fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_running_console_answers_as_its_description_says() {
    assert!(ours(PROGRAM).exists(), "sh deploy/dependencies.sh tests");
    let console = format!("[console]\nlisten = \"[::]:8444\"\npublic_name = \"{}\"\n", addr::CTL.far4);
    let world = World::furnished_with("openapi", 1, None, &console);
    let url = format!("https://{}:8444", addr::CTL.far4);
    let mut command = world.lab.gw().command(ours(PROGRAM).to_str().unwrap());
    command.current_dir(world.lab.dir());
    command.arg("run").arg(ours("deploy/openapi.json")).args(["--url", &url, "--tls-verify", "false"]);
    // Always the same questions; fuzzing takes all of the time it is given.
    command.args(["--include-tag", "public", "--seed", "1", "--max-time", "60"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS]);
    command.args(["--no-shrink", "--no-color", "--warnings", "off", "--generation-database", "none"]);
    let said = output_of(command, None).unwrap_or_else(|error| panic!("{error}\n{}", world.controller_log()));
    println!("{said}");
    assert!(said.contains("Tested: 2") && said.contains("No issues found"), "{said}");
}
