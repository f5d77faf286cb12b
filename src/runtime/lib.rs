//! What every Gapura process stands on: the one real clock, tracked tasks, signals, the service manager, logging,
//! atomic files and giving up root.
//!
//! Only this room reads a clock, starts a task or looks at what the service manager left in the environment; everything
//! else takes time as a [`gapura_model::Moment`] and starts work through [`Tasks`].
#![deny(unsafe_code)]

mod clock;
mod exit;
mod file;
mod log;
mod manual;
mod privilege;
mod service;
pub mod settings;
mod signal;
mod sockets;
mod sys;
mod tasks;
mod terminal;

pub use clock::{Believe, Clock, ClockJump, ClockStart, SystemClock};
pub use exit::Exit;
pub use file::{AtomicWriteError, atomic_write};
pub use log::{LogError, LogStyle, log_filter, start_log};
pub use manual::{ClockShift, ManualClock, OffsetClock, ParseShiftError};
pub use privilege::{DropError, drop_privileges};
pub use service::Service;
pub use signal::{Signal, Signals};
pub use sockets::{HandOver, HandOverError, HandedSocket};
pub use tasks::{Left, Task, Tasks, Thread};
pub use terminal::read_hidden;
