//! What a site's documents say: operating hours, and SOPs of the content filter. Pure: values in, values out.
#![forbid(unsafe_code)]

pub mod hours;
pub mod sop;
