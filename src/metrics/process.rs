//! What every process of Prometheus' world tells of itself, from `/proc/self`.

use crate::page::Page;

/// Linux tells times in `/proc` in hundredths of a second on every machine this runs on (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Writes CPU time, memory, files and the time of start of this process, and which program it is.
pub fn process(page: &mut Page, version: &str) {
    page.gauge("gapura_build_info", "Which program this is.", |it| it.with(&[("version", version)], 1_u8));
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before may hold spaces and brackets.
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_ascii_whitespace().map(|field| field.parse().unwrap_or_default()).collect())
        .unwrap_or_default();
    let field = |number: usize| fields.get(number - 3).copied();
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    page.counter("process_cpu_seconds", "CPU time used, in seconds.", |it| it.value(cpu));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        Some(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    page.gauge("process_resident_memory_bytes", "Memory in use.", |it| it.known(kibibytes("VmRSS")));
    page.gauge("process_virtual_memory_bytes", "Memory that addresses are given for.", |it| {
        it.known(kibibytes("VmSize"));
    });
    page.gauge("process_threads", "Threads.", |it| it.known(field(20)));
    // The reading itself holds one.
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
    page.gauge("process_open_fds", "Open files and sockets.", |it| it.known(open));
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    page.gauge("process_max_fds", "Files and sockets that may be open.", |it| it.known(most));
    page.gauge("process_start_time_seconds", "When the process began, in seconds since 1970.", |it| {
        it.known(field(22).zip(booted()).map(|(since, boot)| boot + since as f64 / TICKS));
    });
}

/// When the kernel began, in seconds since 1970.
fn booted() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, read};

    #[test]
    fn a_process_knows_itself() {
        let mut page = Page::new(Format::Prometheus);
        process(&mut page, "1.2.3");
        let text = page.finish().1;
        let families = read(&text, Format::Prometheus).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let figure = |name: &str| families.iter().find(|family| family.name == name).unwrap().points[0].value;
        assert!(figure("process_resident_memory_bytes") > 1e6, "{text}");
        assert!(figure("process_open_fds") >= 3.0 && figure("process_open_fds") < figure("process_max_fds"), "{text}");
        assert!(figure("process_threads") >= 1.0, "{text}");
        assert!(figure("process_start_time_seconds") > 1.6e9, "{text}");
    }
}
