//! The console as a browser meets it: a real server over TLS, forms, cookies.

mod appeals;
mod basics;
mod browser;
mod calendars;
mod doors;
mod explain;
mod hours;
mod lists;
mod looks;
mod office;
mod plans;
mod provider;
mod public;
mod reports;
mod requests;
mod rollout;
mod sops;
mod sso;
mod story;
mod walk;
mod wall;
mod why;
