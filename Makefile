# Two commands matter: `make demo` and `make test`.
SHELL := /bin/sh
export CARGO_TERM_COLOR ?= auto

.PHONY: demo build test lint unit netns browser bench
demo:
	@sh deploy/dependencies.sh demo
	@cargo build --quiet --bin gapura
	@target/debug/gapura demo $(ARGS)

build:
	cargo build --locked --workspace --all-targets

# Everything CI runs.
test: test-dependencies lint unit fuzz-briefly

.PHONY: test-dependencies
test-dependencies:
	@sh deploy/dependencies.sh tests

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# Two at a time: the tests that play whole sites mostly wait, each in namespaces of its own; more of them on two cores disturb each other.
unit: build pages
	RUST_TEST_THREADS=2 cargo test --locked --workspace --no-fail-fast

# Only the tests with real packets, in namespaces of their own.
netns:
	cargo test --locked --test netns

# The same with everything hidden that Debian 12's kernel 6.1 or OpenWrt lacks; without the one test that is about owned tables.
.PHONY: netns-older
netns-older: build
	GAPURA_OLDER_KERNEL=1 RUST_TEST_THREADS=1 cargo test --locked --test netns -- --skip repair::an_owned_table

# Every fuzz target, five minutes together, its build included; always with the same seed, so that what one machine finds another can
# find again. What looks for the new is `make fuzz`.
.PHONY: fuzz-briefly
fuzz-briefly: test-dependencies
	@SEED=1 fuzz/run.sh 290

# The same for as long as you like: make fuzz FOR=3600 TARGETS="sop_text index_file". `fuzz/run.sh keep` keeps what was found.
FOR ?= 600
.PHONY: fuzz
fuzz: test-dependencies
	@fuzz/run.sh $(FOR) $(TARGETS)

# The browser stories in headless Chromium, the portal's pages as pictures in target/screens/*.png: every page that a story meets, and
# every page there is, phone and desktop, in both languages.
browser: test-dependencies build pages
	@rm -rf target/screens
	GAPURA_SCREENS=1 RUST_TEST_THREADS=1 cargo test --locked --workspace --test browser

# Every page with every kind of content, in target/portal-pages and target/console-pages: what the browser looks at.
.PHONY: pages
pages: build
	@rm -rf target/portal-pages target/console-pages
	cargo test --locked --workspace --lib every_page_is_left_to_be_looked_at

# Every benchmark, each beside its peer or its limit; figures go to target/bench/*.jsonl. BENCH="forward quota" runs some, ARGS=--quick less.
BENCH ?= forward quota portal memory login dns policy console ingest fleet
bench:
	@sh deploy/dependencies.sh bench
	@cargo build --quiet --locked --release --bin gapura
	@for bench in $(BENCH); do echo "== $$bench"; target/release/gapura bench $$bench $(ARGS) || exit 1; done

# The index of filter lists at the size of the national list, beside its limits and two peers: octets a name, look-ups, build, differences.
.PHONY: bench-lists
bench-lists:
	@cargo run --quiet --locked --release -p gapura-lists --example index_bench
