# neap: `make run`, `make test`, `make build`. Only missing Debian packages are asked of apt.
SHELL := /bin/bash
PACKAGES := liblua5.4-dev libsodium-dev libcurl4-openssl-dev libwebsockets-dev libsimdjson-dev libsqlite3-dev zlib1g-dev pkg-config ca-certificates \
	libstdc++-12-dev libc6-dev

.PHONY: help packages build run bench bench-scripts test lint reliability

help:
	@echo "make build   release build"
	@echo "make run     release build, then the demo until Ctrl-C (ARGS=… passes options)"
	@echo "make bench   release build, then the benchmarks of docs/performance.md, about eleven minutes"
	@echo "make bench-scripts   calls, reloads, swaps, many scripts, runaways (ARGS=\"1 calls\": a part)"
	@echo "make test    debug build, format lint, all tests"
	@echo "make reliability   every kill of the host and its guardian, 520 mutated strategies (MUTANTS=… for another number),"
	@echo "                   100 seeds of faults of the exchange (SEEDS=…), halts in four ways (HALTS=…),"
	@echo "                   starts with ten pairs open (STARTS=…)"

packages:
	@scripts/packages $(PACKAGES)

build: packages
	@swift build -c release --product neap

run: build
	@exec .build/release/neap run --mode demo $(ARGS)

bench: build
	@swift build -c release --product Floor
	@swift build -c release --product Bench
	@.build/release/Bench $(ARGS)

bench-scripts: build
	@swift build -c release --product Bench
	@.build/release/Bench $(or $(ARGS),1 scripts)

lint:
	@swift format lint --strict --recursive --configuration .swift-format Sources Tests Benchmarks Package.swift

test: packages lint
	swift build --build-tests
	swift test --skip-build --no-parallel

# A build of its own: optimised, and open to tests. `make build` is not disturbed.
MUTANTS ?= 520
SEEDS ?= 100
HALTS ?= 20
STARTS ?= 5
RELIABILITY := -c release -Xswiftc -enable-testing --scratch-path .build/reliability
reliability: packages
	@swift build --build-tests $(RELIABILITY)
	@NEAP_KILLS=all NEAP_HALTS=$(HALTS) NEAP_STARTS=$(STARTS) NEAP_CORPUS=$(MUTANTS) \
		swift test --skip-build $(RELIABILITY) --no-parallel --filter ReliabilityTests
	@NEAP_FAULT_SEEDS=$(SEEDS) swift test --skip-build $(RELIABILITY) --filter SimulationTests
