//! SOPs that come with Gapura: what a new installation starts with.

use super::problem::Source;

/// The SOPs, from the national layer down.
const PACKS: [Source<'static>; 4] = [
    Source { file: "nasional.toml", text: include_str!("../packs/nasional.toml") },
    Source { file: "kabupaten.toml", text: include_str!("../packs/kabupaten.toml") },
    Source { file: "telecenter.toml", text: include_str!("../packs/telecenter.toml") },
    Source { file: "mplik.toml", text: include_str!("../packs/mplik.toml") },
];

/// The SOPs that come with Gapura, from the national layer down. All of them together are one stack: those for some
/// kinds of site say so themselves.
pub const fn packs() -> &'static [Source<'static>] {
    &PACKS
}

/// The catalogue of lists those SOPs name.
pub const fn pack_lists() -> Source<'static> {
    Source { file: "lists.toml", text: include_str!("../packs/lists.toml") }
}
