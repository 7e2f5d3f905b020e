# Everything a person needs to type. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The Debian packages that building, the tests and the bench need, beside Go and Node. This is the only list.
#   gcc libc6-dev pkg-config libvips-dev   what works on pictures: libvips, and the compiler and tool that find and bind it
#   chromium          the browser of the end-to-end tests and card pictures; not installed when CHROMIUM names another
#   fonts-dejavu-core letters that are written on pictures, and those in the browser's
#   fonts-noto-*      emoji in the browser's pictures
#   postgresql        what the bench measures the store beside; it runs without rights, on loopback, and only then
#   dpkg-dev          tells from which packages a program's libraries come, for the Debian package
# Where the program runs without being built, it needs libvips42 and fonts-dejavu-core.
BUILD_PACKAGES := gcc libc6-dev pkg-config libvips-dev fonts-dejavu-core
TEST_PACKAGES := $(if $(CHROMIUM),,chromium) $(BUILD_PACKAGES) fonts-noto-color-emoji
BENCH_PACKAGES := postgresql
RELEASE_PACKAGES := $(BUILD_PACKAGES) dpkg-dev

LINT_VERSION := 2.15.0
MODULES := test/e2e/node_modules
PEERS := test/bench/node_modules
# What the sign-in page hands its code to Teams with; the program is built without it, too.
TEAMSJS := $(MODULES)/@microsoft/teams-js

# need stops with a sentence when a program is not there: $(call need,program,what to do)
define need
	command -v $(1) >/dev/null || { echo "$(1) is needed and was not found: $(2)" >&2; exit 1; }
endef

# install-missing installs those of its packages that are not there, and does nothing when all are.
define install-missing
	if ! command -v dpkg-query >/dev/null; then echo "This is no Debian machine; if something is missing below, install the like of: $(1)"; exit 0; fi; \
	missing=; for p in $(1); do [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing with apt-get:$$missing"; sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; fi
endef

.PHONY: help run test check build bin/teamspro borrowed licenses sbom package dist/teamspro bin/release unit e2e cover fuzz bench crash playground screens pictures update-golden routes tools clean

help: ## List the targets, a sentence each.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

run: $(MODULES)/.ready build ## Build and start the service with its sandbox: a small Teams in the browser.
	bin/teamspro sandbox --packages $(MODULES)

test: unit e2e ## Run every test: Go with the race detector, cards and pages in a real browser.

unit: ## Run the Go tests.
	@$(call install-missing,$(TEST_PACKAGES))
	go test -race -shuffle=on ./...
	cd cmd/release && go test ./...

e2e: $(MODULES)/.ready build ## Run the browser tests and Microsoft's own checks of cards, manifests and connector.
	@$(call install-missing,$(TEST_PACKAGES))
	TEAMSPRO_BIN=$(CURDIR)/bin/teamspro npm test --prefix test/e2e

check: tools ## Run the linters, and see that formatting, go.mod and the documents' tables are in order.
	@$(call install-missing,$(BUILD_PACKAGES))
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-clean:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go mod tidy -diff
	cd cmd/release && go mod tidy -diff
	bin/golangci-lint run
	cd cmd/release && ../../bin/golangci-lint run
	go test ./cmd/teamspro -run 'TestReadme'

build: bin/teamspro ## Build the program into bin/.

bin/teamspro: borrowed
	go build -trimpath -o $@ ./cmd/teamspro

# borrowed lays TeamsJS where the program embeds it.
borrowed:
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	@$(call install-missing,$(BUILD_PACKAGES))
	@mkdir -p internal/web/borrowed; if [ -f $(TEAMSJS)/dist/umd/MicrosoftTeams.min.js ]; then \
		{ echo '/*!'; cat $(TEAMSJS)/LICENSE; echo '*/'; sed '/^\/\/# sourceMappingURL=/d' $(TEAMSJS)/dist/umd/MicrosoftTeams.min.js; } > internal/web/borrowed/teams.js; \
	else echo "without $(TEAMSJS): people type the code of the sign-in page"; fi

licenses: bin/release ## Write docs/licenses.md, the table of what is linked in with its licences; fails on a licence that is not allowed.
	bin/release licenses

sbom: bin/release dist/teamspro ## Write the bill of materials, dist/teamspro.cdx.json (CycloneDX), and the licences' texts.
	bin/release sbom

package: bin/release ## Build the Debian package into dist/, with both in it (MAINTAINER="You <you@…>": whose package it is).
	@$(MAKE) --no-print-directory $(MODULES)/.ready || echo "npm packages cannot be installed here: the package is built without TeamsJS"
	@$(MAKE) --no-print-directory dist/teamspro
	MAINTAINER="$(MAINTAINER)" bin/release package

# What is handed out has no tables for debuggers; it lies at another address in each process, and what the linker filled in stays as it is.
dist/teamspro: borrowed
	CGO_CFLAGS="-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2" go build -trimpath -buildmode=pie -ldflags '-s -w -extldflags "-Wl,-z,relro,-z,now"' -o $@ ./cmd/teamspro

bin/release:
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	@$(call install-missing,$(RELEASE_PACKAGES))
	cd cmd/release && go build -o ../../bin/release .

fuzz: ## Let each fuzz target look for trouble for 20 seconds.
	@for pkg in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$pkg | grep ^Fuzz || true); do \
		echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime 20s -fuzzminimizetime 10x $$pkg; done; done

bench: build ## Measure beside the peers and write docs/performance.md (UNIT=search, endpoint, store, growth, image, notices, import or backup; BENCH_FULL=1: a million).
	@$(call install-missing,$(BENCH_PACKAGES)) || echo "PostgreSQL cannot be installed here: the store is measured without it"
	@$(MAKE) --no-print-directory $(PEERS)/.ready || echo "npm packages cannot be installed here: their units are measured without them"
	cd test/bench && go test -mod=mod . && go build -mod=mod -o ../../bin/bench . && ../../bin/bench -unit "$(UNIT)" $(if $(BENCH_FULL),-full) -out ../../docs/performance.md

crash: ## Kill the real process at random moments for two minutes (CRASH_TIME=10m, CRASH_SEED=…) and see that nothing is lost.
	@$(call install-missing,$(BUILD_PACKAGES))
	CRASH_TIME="$(or $(CRASH_TIME),2m)" go test ./cmd/teamspro -run '^TestCrash' -count=1 -timeout 60m -v | grep -v '^=== '

cover: ## Say how much of each package the tests reach.
	go test -cover ./...

playground: $(MODULES)/.ready build ## Start the service with Microsoft's Agents Playground as a second client (its own licence applies).
	@$(call need,npx,install Node.js 20 or newer)
	bin/teamspro sandbox --packages $(MODULES) --playground

screens: $(MODULES)/.ready build ## Take the pictures of docs/screens again: each card and dialog, light and dark, wide and narrow.
	@$(call install-missing,$(TEST_PACKAGES))
	TEAMSPRO_BIN=$(CURDIR)/bin/teamspro node test/e2e/screens.mjs docs/screens

pictures: ## Make the pictures and the list of words of docs/pictures.md again.
	@$(call install-missing,$(BUILD_PACKAGES))
	go test ./internal/image -run 'TestPicturePage' -update
	go test ./cmd/teamspro -run 'TestPicturePage' -update

update-golden: ## Write the golden files anew, to be read as a diff before they are committed.
	go test ./cards ./manifest -update

routes: ## Write the tables of routes, settings and stored data into the README and the other documents.
	go test ./cmd/teamspro -run 'TestReadme' -update

tools:
	@bin/golangci-lint version 2>/dev/null | grep -qF 'version $(LINT_VERSION) ' || { $(call need,go,install Go 1.26 from https://go.dev/dl); \
		echo "building golangci-lint $(LINT_VERSION) into bin/ (some minutes, once)"; \
		GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION); }

$(MODULES)/.ready: test/e2e/package-lock.json
	@$(call need,npm,install Node.js 20 or newer)
	npm ci --prefix test/e2e --ignore-scripts --legacy-peer-deps --no-audit --no-fund
	@touch $@

$(PEERS)/.ready: test/bench/package-lock.json
	npm ci --prefix test/bench --ignore-scripts --no-audit --no-fund
	@touch $@

clean: ## Remove what was built.
	rm -rf bin dist $(MODULES) $(PEERS) test/e2e/out
