//! dnsperf: what it is told, and what it says.

use std::path::Path;
use std::time::Duration;

use gapura_lab::Ns;
use gapura_lab::child::output_of;

use crate::BenchError;

/// What dnsperf counted in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    pub(crate) completed: f64,
    pub(crate) lost: f64,
    /// Queries a second.
    pub(crate) rate: f64,
    /// Shares of the answers.
    pub(crate) noerror: f64,
    pub(crate) nxdomain: f64,
}

/// How a run is bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// The whole file once, with few queries waiting: each name is really forwarded.
    Once,
    /// Over and over for this long.
    Over(Duration),
}

/// Runs dnsperf in `ns` on one CPU against `port`, with the queries of `file`.
pub(crate) fn run(ns: &Ns, cpu: usize, port: u16, file: &Path, until: Until) -> Result<Counted, BenchError> {
    let mut command = ns.command("taskset");
    command.args(["-c", &cpu.to_string(), "dnsperf", "-s", "127.0.0.1", "-p", &port.to_string()]);
    command.args(["-T", "1", "-t", "2", "-d"]).arg(file);
    match until {
        Until::Once => command.args(["-n", "1", "-c", "1", "-q", "20"]),
        Until::Over(time) => command.args(["-c", "8", "-q", "100", "-l", &time.as_secs().max(1).to_string()]),
    };
    let said = output_of(command, None)?;
    read(&said).ok_or_else(|| BenchError::void("dns", format!("dnsperf said something else: {said}")))
}

fn read(said: &str) -> Option<Counted> {
    let line = |name: &str| said.lines().find_map(|line| line.trim().strip_prefix(name).map(str::trim));
    let number = |name: &str| line(name)?.split_ascii_whitespace().next()?.parse::<f64>().ok();
    let completed = number("Queries completed:")?;
    let codes = line("Response codes:").unwrap_or_default();
    let share = |code: &str| {
        let found = codes.split(", ").find_map(|part| part.trim().strip_prefix(code)?.split_ascii_whitespace().next());
        found.and_then(|count| count.parse::<f64>().ok()).unwrap_or_default() / completed.max(1.0)
    };
    Some(Counted {
        completed,
        lost: number("Queries lost:")?,
        rate: number("Queries per second:")?,
        noerror: share("NOERROR "),
        nxdomain: share("NXDOMAIN "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_words_are_read() {
        let said = "Statistics:\n\n  Queries sent:         1000\n  Queries completed:    998 (99.80%)\n  Queries lost:         2 (0.20%)\n\n  \
            Response codes:       NOERROR 748 (74.95%), NXDOMAIN 250 (25.05%)\n  Average packet size:  request 40, response 56\n  \
            Run time (s):         0.005\n  Queries per second:   199600.000000\n";
        let counted = read(said).unwrap();
        assert!((counted.completed, counted.lost, counted.rate) == (998.0, 2.0, 199_600.0));
        assert!((counted.noerror - 748.0 / 998.0).abs() < 1e-9 && (counted.nxdomain - 250.0 / 998.0).abs() < 1e-9);
        assert_eq!(read("nonsense"), None);
    }
}
