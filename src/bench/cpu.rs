//! CPU time and places.

use std::fs;
use std::time::Duration;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::BenchError;

/// CPU time of the calling thread so far, the kernel's part included (also what the kernel does for packets in its name).
pub(crate) fn of_this_thread() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// CPUs this process may use, lowest first.
pub(crate) fn allowed() -> Result<Vec<usize>, BenchError> {
    let set = sched_getaffinity(None).map_err(BenchError::errno("ask which CPUs there are"))?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Keeps the calling thread on one CPU.
pub(crate) fn pin_this_thread(cpu: usize) -> Result<(), BenchError> {
    pin(None, cpu)
}

fn pin(thread: Option<Pid>, cpu: usize) -> Result<(), BenchError> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(thread, &set).map_err(BenchError::errno(format!("keep a thread on CPU {cpu}")))
}

/// Keeps every thread of a process on one CPU; threads it starts later inherit that.
pub(crate) fn pin_process(pid: u32, cpu: usize) -> Result<(), BenchError> {
    for thread in threads(pid)? {
        pin(Pid::from_raw(thread), cpu)?;
    }
    Ok(())
}

/// CPU time of all running threads of a process so far (nanoseconds, proc_pid_schedstat). What the kernel does for packets on
/// their CPU in nobody's name is not in it.
pub(crate) fn of_process(pid: u32) -> Result<Duration, BenchError> {
    let mut total = Duration::ZERO;
    for thread in threads(pid)? {
        let path = format!("/proc/{pid}/task/{thread}/schedstat");
        // A thread may end meanwhile.
        let text = fs::read_to_string(path).unwrap_or_default();
        let spent = text.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
        total += Duration::from_nanos(spent.unwrap_or_default());
    }
    Ok(total)
}

fn threads(pid: u32) -> Result<Vec<i32>, BenchError> {
    let path = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&path).map_err(BenchError::io(format!("read {path}")))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}
