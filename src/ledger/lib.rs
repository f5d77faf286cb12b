//! gapura-ledger
