//! gapura-dns
