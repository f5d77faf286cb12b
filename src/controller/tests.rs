//! The controller through its two doors: real TLS on loopback and the command line, on both databases.

mod client;
mod fleet;
mod group;
mod staff;
mod usage;
mod world;
