//! The portal at its public edge: real sockets on loopback, HTTP by hand, a gate in memory.

#[cfg(test)]
mod api;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod help;
mod hostile;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod support;
#[cfg(test)]
mod visit;
