//! What is known of staff without a database: names, duties that exclude each other, passwords, second factors, how guesses are
//! slowed down. Pure but for the file of breached passwords; time and randomness are arguments.

mod duty;
mod name;
mod pace;
mod password;
mod problem;
mod seal;
mod totp;

pub(crate) use duty::clashes;
pub use name::{ParseStaffNameError, SessionId, SessionToken, StaffName};
pub(crate) use pace::{Pace, Paces, Pacing};
pub(crate) use password::{Breached, judge, temporary};
pub use problem::StaffProblem;
pub(crate) use seal::Seal;
pub use totp::Enrolment;
pub(crate) use totp::{RECOVERY_CODES, TotpSecret, recovery_code, recovery_hash};
