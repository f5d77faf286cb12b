//! A running site for the benches that measure the whole gateway.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::{Lab, LabError, LabSpec, Room};
use gapura_model::MacAddr;
use serde_json::{Value, json};

use crate::BenchError;
use crate::cli::{note, prefix};

/// Where and with which program.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// Where namespaces are made.
    pub(crate) room: Room,
    /// The program that plays the gateway.
    pub(crate) program: PathBuf,
}

impl Stage {
    /// A site of its own with `visitors` visitors, without a controller.
    pub(crate) fn site(&self, name: &str, visitors: u16, wish: SiteWish) -> Result<Site, BenchError> {
        let spec = LabSpec::new(format!("{}-{name}", prefix()).parse()?, visitors);
        let lab = Lab::up(self.room, spec)?;
        Ok(Site::start(lab, &self.program, &SiteWish { alone: true, ..wish })?)
    }
}

/// One question on the gateway's control socket.
pub(crate) fn ctl(site: &Site, question: &Value) -> Result<Value, BenchError> {
    let path = site.lab().dir().join("gw/run/ctl.sock");
    let failed = || BenchError::io(format!("ask on {}", path.display()));
    let mut stream = UnixStream::connect(&path).map_err(failed())?;
    stream.write_all(question.to_string().as_bytes()).map_err(failed())?;
    stream.shutdown(Shutdown::Write).map_err(failed())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(failed())?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| LabError::answer("ctl", error.to_string()))?;
    match answer.get("done") {
        Some(done) => Ok(done.clone()),
        None => Err(LabError::answer(format!("ctl {question}"), answer.to_string()).into()),
    }
}

/// Staff let a device in.
pub(crate) fn admit(site: &Site, mac: MacAddr, plan: &str) -> Result<(), BenchError> {
    ctl(site, &json!({ "do": "admit", "mac": mac, "plan": plan, "reason": "bench" })).map(drop)
}

/// A device that is only a number in the tables: `number`th of the crowd.
pub(crate) fn crowd_mac(number: u32) -> MacAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    MacAddr::new([0x02, 0x63, 0x72, high, middle, low])
}

/// Staff let devices `from..until` of the crowd in, one after the other.
pub(crate) fn crowd(site: &Site, from: u32, until: u32, plan: &str) -> Result<(), BenchError> {
    if from < until {
        note(&format!("letting {} devices in", until - from));
    }
    for number in from..until {
        gapura_lab::signal::check()?;
        admit(site, crowd_mac(number), plan)?;
    }
    Ok(())
}
