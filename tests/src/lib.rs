//! Muster's tests.
