# What people type. Continuous integration runs .ci/run.

.DEFAULT_GOAL := help
.PHONY: demo test lint postgres help

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: postgres ## See Forebay at work: scrape, persist, hand off, ingest, search
	cargo run --release -p forebay -- demo

test: postgres ## Run all tests
	cargo test --workspace

lint: ## Check format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

postgres: ## Make sure that the Postgres programs are installed
	@scripts/postgres.sh
