//! Benches over the workload of `muster-loadgen`; each is a program of its own.
