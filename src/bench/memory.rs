//! What the gateway holds in memory: idle, and with a crowd online. And how large its program is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gapura_lab::clock::wait_for;
use gapura_lab::config::SiteWish;
use gapura_lab::{LabError, daemon::Site};

use crate::cli::Effort;
use crate::site::{Stage, crowd};
use crate::{BenchError, Line, Metric, Report};

const MEGA: f64 = 1_000_000.0;

/// Measures both, and the size of `binary` if there is one to weigh.
pub(crate) fn measure(
    stage: &Stage,
    effort: Effort,
    binary: Option<&Path>,
    report: &mut Report,
) -> Result<(), BenchError> {
    let crowded = if effort.quick { 1_000 } else { 10_000 };
    let wish = SiteWish { gateway_lines: format!("devices = {}\n", crowded + 100), ..SiteWish::default() };
    let mut site = stage.site("memory", 1, wish)?;
    weigh(&mut site, "0 online", 20.0, report)?;
    crowd(&site, 0, crowded, "umum")?;
    weigh(&mut site, &format!("{crowded} online"), 60.0, report)?;
    if let Some(binary) = binary {
        let size = fs::metadata(binary).map_err(BenchError::io(format!("weigh {}", binary.display())))?.len();
        let line = Line::alone("memory", "program file", Metric::Memory, "bytes", vec![size as f64]);
        report.add(&line.limit("8 MB", 8.0 * MEGA))?;
    }
    Ok(())
}

fn weigh(site: &mut Site, case: &str, limit: f64, report: &mut Report) -> Result<(), BenchError> {
    // What a burst of work needed is given back, or not: two readings alike, at most ten seconds.
    let pid = site.gateway_mut().id();
    let mut last = 0.0;
    let settled = wait_for("the gateway's memory to settle", Duration::from_secs(10), || {
        let (dirty, pss) = read(pid)?;
        let same = (dirty - last).abs() < 64.0 * 1024.0;
        last = dirty;
        std::thread::sleep(Duration::from_millis(500));
        Ok(same.then_some((dirty, pss)))
    });
    let (dirty, pss) = match settled {
        Ok(found) => found,
        Err(LabError::Late { .. }) => read(pid)?,
        Err(error) => return Err(error.into()),
    };
    for (what, value) in [("private dirty", dirty), ("PSS", pss)] {
        let line = Line::alone("memory", &format!("{case}, {what}"), Metric::Memory, "bytes", vec![value]);
        report.add(&line.limit(&format!("{limit} MB"), limit * MEGA))?;
    }
    Ok(())
}

/// Private dirty bytes and proportional set size (proc_pid_smaps(5)).
fn read(pid: u32) -> Result<(f64, f64), LabError> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).map_err(LabError::io(format!("read {path}")))?;
    let of = |name: &str| -> Result<f64, LabError> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<f64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024.0).ok_or_else(|| LabError::answer(&path, format!("no {name}")))
    };
    Ok((of("Private_Dirty:")?, of("Pss:")?))
}
