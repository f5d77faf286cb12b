//! Tasks that are known by name and stopped in two phases.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Every task and thread of a process. Clones speak of the same ones.
///
/// Shutdown has two phases: [`Tasks::stopping`] asks everybody to finish; what has not finished after a grace period, or
/// at a second signal, is dropped at its next `await`, and named in the log.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Inner>);

/// A task in the list; dropping it leaves the task running.
#[derive(Debug)]
pub struct Task<T> {
    handle: tokio::task::JoinHandle<Option<T>>,
}

/// A thread in the list; dropping it leaves the thread running.
#[derive(Debug)]
pub struct Thread<T>(std::thread::JoinHandle<T>);

/// What was still running when a shutdown ended; empty is what should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Tasks that did not finish when asked and were dropped.
    pub dropped: Vec<String>,
    /// Threads and tasks that hold on even so (blocking code): they die with the process.
    pub stuck: Vec<String>,
}

impl Tasks {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process is asked to stop. Tasks that have something to finish wait for it.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.soft
    }

    /// Asks everybody to stop (phase one) without waiting.
    pub fn stop(&self) {
        self.0.soft.cancel();
    }

    /// Starts a task. Must be called inside the tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the place that tracks every task")]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: impl Into<Cow<'static, str>>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let (entry, hard) = (self.enter(name.into()), self.0.hard.clone());
        let work = self.0.tracker.track_future(async move {
            let _entry = entry;
            tokio::select! {
                biased;
                () = hard.cancelled() => None,
                out = work => Some(out),
            }
        });
        Task { handle: tokio::spawn(work) }
    }

    /// Starts a task without which the process makes no sense: when it ends before it was asked to, by whatever cause,
    /// everybody is asked to stop and [`Tasks::broken`] names it.
    pub fn spawn_vital(
        &self,
        name: impl Into<Cow<'static, str>>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Task<()> {
        let name = name.into();
        let vital = Vital { tasks: self.clone(), name: name.clone() };
        self.spawn(name, async move {
            let _vital = vital;
            work.await;
        })
    }

    /// Starts a thread of its own for work that blocks (netlink, SQLite). It must end soon after [`Tasks::stopping`].
    pub fn thread<T: Send + 'static>(
        &self,
        name: impl Into<Cow<'static, str>>,
        work: impl FnOnce(CancellationToken) -> T + Send + 'static,
    ) -> io::Result<Thread<T>> {
        let name = name.into();
        let (entry, token, soft) = (self.enter(name.clone()), self.0.tracker.token(), self.0.soft.clone());
        let builder = std::thread::Builder::new().name(name.into_owned());
        let handle = builder.spawn(move || {
            let _in_list = (entry, token);
            work(soft)
        })?;
        Ok(Thread(handle))
    }

    /// As [`Tasks::thread`], for a thread without which the process makes no sense; see [`Tasks::spawn_vital`].
    pub fn vital_thread(
        &self,
        name: impl Into<Cow<'static, str>>,
        work: impl FnOnce(CancellationToken) + Send + 'static,
    ) -> io::Result<Thread<()>> {
        let name = name.into();
        let vital = Vital { tasks: self.clone(), name: name.clone() };
        self.thread(name, move |stopping| {
            let _vital = vital;
            work(stopping);
        })
    }

    /// The vital task or thread that ended too early, if one did: the process should exit with a failure.
    pub fn broken(&self) -> Option<String> {
        self.0.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of what is running, in the order it was started.
    pub fn running(&self) -> Vec<String> {
        let names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.values().map(|name| name.clone().into_owned()).collect()
    }

    /// Both phases: asks everybody to stop, waits `grace` or until `now` is ready (the second signal), drops the rest.
    pub async fn shutdown(&self, grace: Duration, now: impl Future<Output = ()>) -> Left {
        self.0.soft.cancel();
        self.0.tracker.close();
        tokio::select! {
            () = self.0.tracker.wait() => return Left::default(),
            () = tokio::time::sleep(grace) => {}
            () = now => {}
        }
        let dropped = self.running();
        self.0.hard.cancel();
        let _ = tokio::time::timeout(Self::LAST_WAIT, self.0.tracker.wait()).await;
        let stuck = self.running();
        let dropped = dropped.into_iter().filter(|name| !stuck.contains(name)).collect();
        let left = Left { dropped, stuck };
        tracing::warn!(dropped = ?left.dropped, stuck = ?left.stuck, grace_s = grace.as_secs(), "tasks did not stop when asked");
        left
    }

    /// How long dropped tasks get to run their destructors.
    const LAST_WAIT: Duration = Duration::from_millis(500);

    fn enter(&self, name: Cow<'static, str>) -> Entry {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner).insert(id, name);
        Entry { id, list: self.0.clone() }
    }
}

impl<T> Task<T> {
    /// Drops the task at its next `await`.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Its result, or `None` where it was dropped or it panicked.
    pub async fn join(self) -> Option<T> {
        self.handle.await.ok().flatten()
    }
}

impl<T> Thread<T> {
    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its result; `None` where it panicked. Blocks.
    pub fn join(self) -> Option<T> {
        self.0.join().ok()
    }
}

#[derive(Default)]
struct Inner {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
    next: AtomicU64,
    names: Mutex<BTreeMap<u64, Cow<'static, str>>>,
    broken: Mutex<Option<String>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(names.values()).finish()
    }
}

/// A name in the list, for as long as its task lives.
struct Entry {
    id: u64,
    list: Arc<Inner>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let name = self.list.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        if std::thread::panicking() {
            tracing::error!(task = name.as_deref().unwrap_or_default(), "task panicked");
        }
    }
}

/// Notes the end of a vital task, however it came about.
struct Vital {
    tasks: Tasks,
    name: Cow<'static, str>,
}

impl Drop for Vital {
    fn drop(&mut self) {
        if !self.tasks.0.soft.is_cancelled() {
            tracing::error!(task = %self.name, "ended although the process needs it; stopping");
            let mut broken = self.tasks.0.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert_with(|| self.name.clone().into_owned());
            drop(broken);
            self.tasks.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn those_who_stop_when_asked_are_waited_for() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping().clone();
        let task = tasks.spawn("polite", async move {
            stopping.cancelled().await;
            7
        });
        let thread = tasks
            .thread("gate", |stopping| {
                while !stopping.is_cancelled() {
                    std::thread::yield_now();
                }
            })
            .unwrap();
        assert_eq!(tasks.running(), ["polite", "gate"]);
        assert_eq!(tasks.shutdown(LONG, pending()).await, Left::default());
        assert_eq!(task.join().await, Some(7));
        assert_eq!(thread.join(), Some(()));
        assert_eq!(tasks.broken(), None);
    }

    #[tokio::test]
    async fn those_who_do_not_are_dropped_and_named() {
        let tasks = Tasks::new();
        let deaf = tasks.spawn("deaf", pending::<()>());
        let left = tasks.shutdown(Duration::from_millis(10), pending()).await;
        assert_eq!(left, Left { dropped: vec!["deaf".to_owned()], stuck: vec![] });
        assert_eq!(deaf.join().await, None);
    }

    #[tokio::test]
    async fn a_second_signal_means_now() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", pending::<()>());
        assert_eq!(tasks.shutdown(LONG, ready(())).await.dropped, ["deaf"]);
    }

    #[tokio::test]
    async fn a_vital_task_takes_the_process_with_it() {
        let tasks = Tasks::new();
        tasks.spawn_vital("link", async {});
        tasks.stopping().cancelled().await;
        assert_eq!(tasks.broken().as_deref(), Some("link"));
    }

    #[tokio::test]
    async fn a_vital_thread_that_panics_does_so_too() {
        let tasks = Tasks::new();
        let thread = tasks.vital_thread("gate", |_| panic!("on purpose")).unwrap();
        tasks.stopping().cancelled().await;
        assert_eq!(tasks.broken().as_deref(), Some("gate"));
        assert_eq!(thread.join(), None);
    }
}
