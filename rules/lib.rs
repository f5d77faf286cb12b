//! What a site's documents say: operating hours. Pure: values in, values out.
#![forbid(unsafe_code)]

pub mod hours;
