# Two commands matter: `make demo` and `make test`.
SHELL := /bin/sh
export CARGO_TERM_COLOR ?= auto

.PHONY: demo build test lint unit netns bench
demo:
	@sh deploy/dependencies.sh demo
	@cargo build --quiet --bin gapura
	@target/debug/gapura demo $(ARGS)

build:
	cargo build --locked --workspace --all-targets

# Everything CI runs.
test: test-dependencies lint unit

.PHONY: test-dependencies
test-dependencies:
	@sh deploy/dependencies.sh tests

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# One at a time: the tests that play whole sites measure gaps and deadlines, and two sites at once on two cores disturb each other.
unit: build
	RUST_TEST_THREADS=1 cargo test --locked --workspace --no-fail-fast

# Only the tests with real packets, in namespaces of their own.
netns:
	cargo test --locked --test netns

# Every benchmark, each beside its peer or its limit; figures go to target/bench/*.jsonl. BENCH="forward quota" runs some, ARGS=--quick less.
BENCH ?= forward quota portal memory login
bench:
	@sh deploy/dependencies.sh bench
	@cargo build --quiet --locked --release --bin gapura
	@for bench in $(BENCH); do echo "== $$bench"; target/release/gapura bench $$bench $(ARGS) || exit 1; done
