//! Muster's benches.
