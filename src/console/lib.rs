//! The staff's pages over the controller's use-cases: server-rendered, working without JavaScript, in Bahasa Indonesia and English.
//!
//! A room of the console is a module with a function `routes(&mut Routes)`, handlers, templates and words:
//!
//! * [`routes::Routes`] takes every address with what it needs ([`routes::Needs`]): deny by default. Pages about one site live
//!   under `/l/{site}/...`; their right is checked at that site before the handler runs. Lists over several sites need a right
//!   *anywhere* and show only what [`here::Here::may_at`] allows.
//! * A handler takes [`here::Here`] (who asks, where, in which language, with the use-cases) and, for a form, [`form::Posted`]
//!   (read, bounded, checked to come from our own page), and gives a page, or an [`answer::Oops`] that becomes a page.
//! * A page is a struct with `c: Chrome` deriving `askama::Template`, whose template extends `base.html`. Every form has
//!   `{{ c.token_field()|safe }}` in it. A form that went through answers with [`answer::to`]: 303, and a message by its key.
//! * Words are Fluent messages in `locales/{id,en}/ROOM.ftl`, registered in `words.rs`; keys begin with the room's name.
//! * Rooms register what stands in the menu with [`routes::Routes::menu`].
//! * `htmx` is there for pages that look again by themselves (`hx-get`, `hx-trigger="every 5s"`, `hx-select`); whatever matters works
//!   without it.
//! * Every page has samples ([`samples::Sample`]), which a test renders in both languages and leaves for a browser to look at.
#![forbid(unsafe_code)]

mod answer;
mod assets;
mod audit;
mod chrome;
mod class;
mod dashboard;
mod dates;
mod day;
mod desk;
mod explain;
mod explorer;
mod form;
mod front;
mod here;
mod icons;
mod lists;
mod network;
mod people;
mod profile;
mod public;
mod records;
mod reports;
mod requests;
mod rollout;
mod routes;
#[cfg(test)]
mod samples;
mod serve;
mod session;
mod signin;
mod sops;
mod staff_words;
mod vouchers;
mod wall;
mod week;
mod words;

pub use routes::{Entry, Needs, table};
pub use serve::{ConsoleError, Serving, serve};

#[cfg(test)]
mod tests;
