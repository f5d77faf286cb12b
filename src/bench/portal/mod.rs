//! Captive redirects on new connections, beside nginx's constant redirect.
//!
//! Two routers alike: bridge, one port, port 80 redirected to 8080. In one our gateway answers, with its whole ruleset; in
//! the other nginx with one worker. Either server has one CPU to itself and the client the other, where there are two.

mod client;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use gapura_lab::child::Guarded;
use gapura_lab::clock::wait_for;
use gapura_lab::config::SiteWish;
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::{LabError, Ns, addr};

use self::client::{Answers, ask};
use crate::cli::{Effort, prefix};
use crate::site::Stage;
use crate::stats::percentile;
use crate::{BenchError, Line, Metric, Report, cpu};

const AT_ONCE: usize = 50;
const PEER: &str = "nginx";
/// Visitors that ask: the gateway has a bound of connections for each.
const VISITORS: u8 = 10;

/// Measures both in turn.
pub(crate) fn measure(stage: &Stage, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let cpus = cpu::allowed()?;
    let (server_cpu, client_cpu) = match cpus.as_slice() {
        [first, .., last] => (*first, *last),
        [only] => (*only, *only),
        [] => (0, 0),
    };
    let mut site = stage.site("portal", 1, SiteWish::default())?;
    let ours = site.lab().visitor(1)?.ns().handle();
    dress(&ours)?;
    let gateway = site.gateway_mut().id();
    cpu::pin_process(gateway, server_cpu)?;
    let peer = Peer::start(site.lab().dir(), server_cpu)?;
    let mut own = Side::new(gateway);
    let mut beside = Side::new(peer.worker()?);
    let lasts = Duration::from_millis(if effort.quick { 500 } else { 1_500 });
    for number in 0..effort.rounds(9, 3) {
        gapura_lab::signal::check()?;
        let order = if number % 2 == 0 { [true, false] } else { [false, true] };
        for is_own in order {
            let (ns, side) = if is_own { (&ours, &mut own) } else { (&peer.visitors, &mut beside) };
            side.round(ns, lasts, client_cpu)?;
        }
    }
    let case = format!("{AT_ONCE} at once, new connection each");
    for (side, who) in [(&own, "the gateway"), (&beside, PEER)] {
        if side.failed * 1000 > side.answered {
            let why = format!("{} of {} requests to {who} failed", side.failed, side.failed + side.answered);
            return Err(BenchError::void(case, why));
        }
    }
    let line = |metric, unit, runs| Line::alone("portal", &case, metric, unit, runs);
    report.add(&line(Metric::Rate, "redirects/s", own.rates).beside(PEER, beside.rates))?;
    report.add(&line(Metric::Cpu, "s", own.cpu).beside(PEER, beside.cpu))?;
    report.add(&line(Metric::P50, "s", own.p50).beside(PEER, beside.p50))?;
    report.add(&line(Metric::P99, "s", own.p99).beside(PEER, beside.p99))?;
    let both = format!("{AT_ONCE} at once, share of its CPU the server had");
    report.add(&Line::alone("portal", &both, Metric::Rate, "CPUs", own.share).beside(PEER, beside.share))
}

struct Side {
    pid: u32,
    rates: Vec<f64>,
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    share: Vec<f64>,
    answered: u64,
    failed: u64,
}

impl Side {
    fn new(pid: u32) -> Self {
        let none = Vec::new;
        Self { pid, rates: none(), cpu: none(), p50: none(), p99: none(), share: none(), answered: 0, failed: 0 }
    }

    fn round(&mut self, ns: &Ns, lasts: Duration, client_cpu: usize) -> Result<(), BenchError> {
        let sources: Vec<IpAddr> = (0..VISITORS).map(source).collect();
        let before = cpu::of_process(self.pid)?;
        let answers: Answers = ns.run(|| {
            cpu::pin_this_thread(client_cpu)
                .map_err(|error| LabError::answer("keep the client on its CPU", error.to_string()))?;
            ask(SocketAddr::new(addr::SERVER4, 80), &sources, AT_ONCE, lasts)
        })?;
        let spent = cpu::of_process(self.pid)?.saturating_sub(before).as_secs_f64();
        let count = answers.took.len() as f64;
        self.rates.push(count / answers.lasted.as_secs_f64());
        self.cpu.push(spent / count.max(1.0));
        self.share.push(spent / answers.lasted.as_secs_f64());
        self.p50.push(percentile(&answers.took, 50));
        self.p99.push(percentile(&answers.took, 99));
        self.answered += answers.took.len() as u64;
        self.failed += answers.failed;
        Ok(())
    }
}

fn source(number: u8) -> IpAddr {
    Ipv4Addr::new(10, 60, 2, 100 + number).into()
}

/// Addresses and a route for a visitors' namespace whose card is plugged in.
fn dress(ns: &Ns) -> Result<(), BenchError> {
    let addresses: Vec<String> =
        (0..VISITORS).map(|number| format!("addr add {}/22 dev eth0", source(number))).collect();
    let (router, _) = addr::LAN;
    Ok(ns.ip_batch(&format!("link set eth0 up\n{}\nroute add default via {router}", addresses.join("\n")))?)
}

/// nginx on a router of its own.
struct Peer {
    process: Guarded,
    visitors: Ns,
    _router: Ns,
}

impl Peer {
    fn start(dir: &std::path::Path, cpu: usize) -> Result<Self, BenchError> {
        let router = Ns::create(format!("{}-nginx", prefix()))?;
        let visitors = Ns::create(format!("{}-nginx-far", prefix()))?;
        let (address, length) = addr::LAN;
        router.ip_batch(&format!(
            "link add br-lan type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             link add p1 type veth peer name eth0 netns {}\nlink set p1 gso_max_segs 1\nlink set p1 master br-lan\n\
             link set p1 up\nlink set br-lan up\naddr add {address}/{length} dev br-lan",
            visitors.name()
        ))?;
        visitors.ip_batch("link set eth0 gso_max_segs 1")?;
        dress(&visitors)?;
        router.nft(
            "table inet peer {
                 chain first { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080; }
             }\n",
        )?;
        let home = dir.join("nginx");
        let failed = || BenchError::io(format!("write {}", home.display()));
        fs::create_dir_all(home.join("logs")).map_err(failed())?;
        let text = format!(
            "user root;\nworker_processes 1;\npid {home}/nginx.pid;\nerror_log {home}/logs/error.log;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n access_log off; keepalive_timeout 0;\n\
             server {{ listen 8080 backlog=1024; return 302 http://{address}/; }}\n}}\n",
            home = home.display()
        );
        fs::write(home.join("nginx.conf"), text).map_err(failed())?;
        let mut command = router.command("nginx");
        command.arg("-p").arg(&home).arg("-c").arg(home.join("nginx.conf"));
        command.args(["-g", "daemon off;"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Guarded::start(command)?;
        let peer = Self { process, visitors, _router: router };
        let to = SocketAddr::new(addr::SERVER4, 80);
        wait_for("nginx (Debian: apt-get install nginx-light)", Duration::from_secs(10), || {
            let (seen, _) = peer.visitors.run(|| Ok(knock(to, Duration::from_millis(200))))?;
            Ok((seen == Knock::Open).then_some(()))
        })?;
        cpu::pin_process(peer.worker()?, cpu)?;
        Ok(peer)
    }

    /// The worker's process id.
    fn worker(&self) -> Result<u32, BenchError> {
        let master = self.process.id();
        let path = format!("/proc/{master}/task/{master}/children");
        let text = fs::read_to_string(&path).map_err(BenchError::io(format!("read {path}")))?;
        let worker = text.split_ascii_whitespace().next().and_then(|pid| pid.parse().ok());
        worker.ok_or_else(|| BenchError::void("portal", "nginx has no worker"))
    }
}
