# What people type. Continuous integration runs .ci/run.

.DEFAULT_GOAL := help
.PHONY: bench coverage-content demo test test-matrix test-pooler lint parts pgvector postgres python help

# The benchmark of `make bench`, and its options.
BENCH ?= persist


help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: postgres ## See Forebay at work: scrape, persist, hand off, ingest, search
	cargo run --release -p forebay -- demo

bench: postgres ## Measure this machine: BENCH="persist --rows 300000"; or handoff, scrape, ensure, content, serve, chaos
	cargo build --release -p forebay -p forebay-bench
	cargo run --release -p forebay-bench -- $(BENCH)

test: postgres python pgvector parts ## Run all tests of all crates
	cargo test --workspace --no-fail-fast

test-matrix: pgvector ## Run the tests on Postgres 15 to 18, installed by version; or VERSIONS="15 18" SUITES="store engine cli"
	@scripts/matrix.sh $(VERSIONS) $(SUITES)

test-pooler: postgres parts ## Run the tests of the engine through PgBouncer in transaction mode
	FOREBAY_TEST_POOLER=1 cargo test -p forebay-engine --no-fail-fast

coverage-content: ## Measure how much of the content modules their tests run; fails below 95 %
	scripts/coverage.sh

lint: ## Check format, lints and house rules
	cargo fmt --all --check
	scripts/house-rules.sh
	cargo clippy --workspace --all-targets -- -D warnings

postgres: ## Install the Postgres programs if missing
	@scripts/postgres.sh

parts: ## Install the programs that tests run beside Forebay, such as PostgREST
	@scripts/parts.sh

pgvector: python ## Install a Postgres with pgvector for the tests of search by meaning
	@scripts/pgvector.sh

python: ## Install what the checks of the Python package need
	@scripts/python.sh
