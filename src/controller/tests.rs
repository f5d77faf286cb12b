//! The controller through its two doors: real TLS on loopback and the command line, on both databases.

mod alert;
mod appeal;
mod audit;
mod backup;
mod client;
mod desk;
mod exchange;
mod explain;
mod fleet;
mod group;
mod levels;
mod lists;
mod lookup;
mod network;
mod part;
mod people;
mod post_office;
mod report;
mod request;
mod retention;
mod rollout;
mod sample;
mod settings;
mod sop;
mod sop_desk;
mod staff;
mod summary;
mod two;
mod usage;
mod voucher;
mod webhook;
mod world;

pub(crate) use world::SITE;
