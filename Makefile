# `make demo` shows what pmtud is for, `make test` and `make test-all` pass the tests. All need Go
# and nothing else: no root, no libpcap, no C compiler.

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS = -s -w -X github.com/pmtud/pmtud/cmd.release=$(VERSION)
FUZZTIME ?= 10s
BINARY = pmtud
SOAK ?= 10m
ROUNDS ?= 9
RELEASES ?= bookworm

.PHONY: build
build: ## one static binary: ./pmtud
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/pmtud

.PHONY: deb
deb: ## a Debian package for GOARCH: dist/pmtud_*.deb
	$(MAKE) --no-print-directory build BINARY=dist/pmtud
	GO='$(GO)' VERSION='$(VERSION)' .ci/nfpm deb

.PHONY: rpm
rpm: ## an RPM package for GOARCH: dist/pmtud-*.rpm
	$(MAKE) --no-print-directory build BINARY=dist/pmtud
	GO='$(GO)' VERSION='$(VERSION)' .ci/nfpm rpm

.PHONY: package-systems
package-systems: deb ## the package beside systemd: boots Debian 12 and 13 (needs root, and a mirror of Debian)
	.ci/package-systems

.PHONY: kernels
kernels: ## tests on the kernels of Debian's RELEASES, in virtual machines (needs qemu, mmdebstrap and a mirror of Debian)
	$(GO) run ./cmd/pmtud-kernels -releases '$(RELEASES)' $(PACKAGES)

.PHONY: release
release: ## static binaries for amd64 and arm64, an SBOM of each, and checksums: dist/SHA256SUMS
	GO='$(GO)' VERSION='$(VERSION)' .ci/release

.PHONY: demo
demo: build ## downloads behind an ECMP router: they hang without pmtud and complete with it
	$(GO) run ./cmd/pmtud-lab -pmtud ./pmtud

.PHONY: demo-sites
demo-sites: build ## two sites with one address, whose messages go over NATS servers
	$(GO) run ./cmd/pmtud-lab -pmtud ./pmtud -sites -connections 24

.PHONY: test
test: ## the tests that take a moment, in about two minutes once all is built
	GO='$(GO)' .ci/tests quick

.PHONY: test-all
test-all: ## all tests; with the race detector where a C compiler is there
	GO='$(GO)' .ci/tests all

.PHONY: ci
ci: ## what CI runs
	.ci/run

.PHONY: bench
bench: build ## recovery of many clients, speed beside tcpdump in the same run (needs tcpdump), then the Go benchmarks
	$(GO) run ./cmd/pmtud-bench -pmtud ./pmtud
	$(GO) test -run '^$$' -bench . -benchmem ./pipeline/... ./filters/... ./sinks/... ./sources/...

.PHONY: bench-compare
bench-compare: build ## CPU time under a flood beside that of another commit: make bench-compare BASE=main
	base=$$(mktemp -d) && trap 'rm -rf "$$base"' EXIT && git archive '$(BASE)' | tar -x -C "$$base" && \
		$(MAKE) -C "$$base" build GO='$(GO)' && \
		$(GO) run ./cmd/pmtud-bench -pmtud ./pmtud -base "$$base/pmtud" -only flood -rounds $(ROUNDS)

.PHONY: pictures
pictures: build ## those of the README, from real runs: .github/images (needs tcpdump and Chromium)
	$(GO) run ./cmd/pmtud-lab -pmtud ./pmtud -picture .github/images/demo.svg
	$(GO) run ./cmd/pmtud-bench -pmtud ./pmtud -pictures .github/images
	$(GO) test ./cmd/internal/daemon/monitor -run '^TestBrowser$$' -count 1 -pmtud '$(CURDIR)/pmtud' -screenshots '$(CURDIR)/.github/images'

.PHONY: soak
soak: ## traffic and random faults for SOAK; then books, memory and files are checked
	$(GO) test ./cmd/internal/bench/soak -run '^TestSoak$$' -v -timeout 0 -soak $(SOAK)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each
	GO='$(GO)' FUZZTIME='$(FUZZTIME)' .ci/fuzz

.PHONY: generate
generate: ## manual pages, completions, the schema, the list of metrics and the tables of the documents
	$(GO) test ./cmd -run '^TestGenerated$$' -update

.PHONY: lint
lint: ## formatting, vet and golangci-lint
	.ci/lint

.PHONY: cross
cross: ## builds for arm64
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -trimpath -o /dev/null ./cmd/pmtud

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST)
