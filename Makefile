# Everything a newcomer needs. `make` lists the commands.

# MUSTER_TARGET_DIR, or cargo's own CARGO_TARGET_DIR, moves what is built out of the tree.
ifdef MUSTER_TARGET_DIR
export CARGO_TARGET_DIR := $(MUSTER_TARGET_DIR)
endif
TARGET := $(or $(CARGO_TARGET_DIR),target)
MUSTER := $(TARGET)/release/muster
SAMPLE := $(TARGET)/sample

.PHONY: help run test faults soak build peers bench linearity lint prerequisites check-prerequisites announce
.DEFAULT_GOAL := help

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name what; do printf '%-14s %s\n' "$$name" "$$what"; done

run: build ## Run the service on the sample organisation: its deltas with their causes, then yours
	@deploy/sample.sh $(MUSTER) $(SAMPLE)

test: check-prerequisites announce ## Run every check: format, lints, all tests, the sample
	@deploy/step.sh 'format' 'a second' cargo fmt --all --check
	@deploy/step.sh 'lints' 'a minute, the first time as long as the build' cargo clippy --release --locked --workspace --all-targets -- -D warnings
	@deploy/step.sh 'build' 'a minute' cargo build --release --locked --package muster
	@deploy/step.sh 'a Kafka broker for the tests' 'a minute the first time' tests/broker/broker.sh jars
	@deploy/step.sh 'tests' 'some minutes' cargo test --release --locked --workspace
	@deploy/step.sh 'documentation' 'a minute' env RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --workspace --no-deps --quiet
	@deploy/step.sh 'sample' 'a second' env ONCE=1 deploy/sample.sh $(MUSTER) $(SAMPLE)
	@echo 'every check passed'

faults: check-prerequisites announce ## Try every fault on the program and a Kafka broker: the report is target/faults.md
	@deploy/step.sh 'faults' 'ten minutes' env MUSTER_FAULTS=all cargo test --release --locked -p muster-tests --test faults -- --nocapture

MINUTES ?= 10
soak: check-prerequisites announce ## Load for MINUTES (10): memory stays flat, and the checker's verdict
	@deploy/step.sh 'soak' '$(MINUTES) minutes' env MUSTER_FAULTS=soak MUSTER_SOAK_SECONDS=$$(($(MINUTES) * 60)) \
	  cargo test --release --locked -p muster-tests --test faults -- --nocapture

build: prerequisites announce ## Build the program: target/release/muster
	@deploy/step.sh 'build' 'a minute' cargo build --release --locked --package muster

peers: ## Build the engines of others that `muster bench --baseline` measures beside ours
	@deploy/step.sh 'engines of others' 'two minutes the first time' cargo build --release --locked \
	  --manifest-path benches/peers/Cargo.toml --target-dir $(TARGET)

bench: build peers ## Compare ours with others in one run, then replay over RocksDB; prints the rates
	@deploy/step.sh 'comparison' 'three minutes' cargo bench --locked -p muster-benches --bench side_by_side
	@$(MUSTER) bench replay
	@$(MUSTER) bench replay --profile wide

linearity: ## What a change costs at 100,000 rules against 1,000, by instructions too where valgrind is
	@deploy/step.sh 'linearity' 'three minutes' cargo bench --locked -p muster-benches --bench linearity

lint: check-prerequisites announce ## Check format and lints only
	@cargo fmt --all --check
	@deploy/step.sh 'lints' 'a minute' cargo clippy --release --locked --workspace --all-targets -- -D warnings

prerequisites:
	@deploy/prerequisites.sh

check-prerequisites:
	@deploy/prerequisites.sh checks

# RocksDB and librdkafka are compiled from source, once.
announce:
	@ls $(TARGET)/release/build/librocksdb-sys-*/out/librocksdb.a >/dev/null 2>&1 || \
	  echo 'The first build compiles RocksDB and librdkafka from source: about 15 minutes on two cores. Later ones take seconds.' >&2
