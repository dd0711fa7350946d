# Every module of the house: the product, standalone, alerts, the tools. `make` alone explains itself.
MODULES := . $(patsubst %/,%,$(dir $(wildcard */go.mod)))
PROGRAMS := $(filter-out tools,$(MODULES))

# Where `make run` keeps its state: make run DATA=/elsewhere
DATA ?= data

# The same for programs, tests and linters: what differs in these is built twice.
export CGO_ENABLED = 0
export GOFLAGS := $(filter-out -trimpath,$(shell go env GOFLAGS 2>/dev/null)) -trimpath
BUILD = $(CURDIR)/tools/build -ldflags "-s -w -X 'okey/internal/version.stamp=$(shell tools/stamp)'"

.DEFAULT_GOAL := help
.PHONY: help build run quick test e2e faults bench test-office test-mail catalogue lint fmt release reproduce clean go

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: go ## bin/okey and bin/okey-standalone
	OUT=bin/okey $(BUILD) ./cmd/okey
	cd standalone && OUT=../bin/okey-standalone $(BUILD) .

run: need+postgres build ## build, start the whole of OKEY on this machine, say where to go; DATA=DIR to keep it elsewhere
	bin/okey-standalone --data $(DATA)

test: need+postgres+npm+chromium+slapd+pgbouncer+radius build ## every test of every module, and those in a real browser
	@$(MAKE) --no-print-directory -k -j2 FORM=short $(addprefix test+,$(PROGRAMS)) e2e

# Two at a time, first the package that takes longest; the browser has the place that becomes free.
test+.: LONGEST = ./server
# The upgrade from the release before needs its source, which a shallow clone has not.
test+standalone: TAGS = $(shell cd standalone && git cat-file -e "$$(cat testdata/previous)^{commit}" 2>/dev/null && echo -tags=upgrade)
test+standalone: said+upgrade
.PHONY: said+upgrade
said+upgrade:
	@test -n "$(TAGS)" || echo "Left out: the upgrade from the release before, whose source is not here (git fetch --unshallow)." >&2
test+%:
	@cd $* && go test -timeout 30m -ldflags=-w $(TAGS) $(LONGEST) ./...

# Left out: where each test has a database or a cluster of its own, a browser, and the test that builds the program.
quick: go need+postgres+slapd+radius ## within a minute, what a change usually breaks: does it build, vet, keep the rules of the house and the domain, replay?
	go vet ./... && cd standalone && go vet ./...
	go test -ldflags=-w -skip TestEveryCommandInComposeAndDockerfileIsTheProgramsOwn $$(go list ./... | grep -v -x -e okey/activities -e okey/activities/mails -e okey/cmd/okey -e okey/imports -e okey/internal/postgres -e okey/server -e okey/sql)

e2e: FORM ?= whole
e2e: need+postgres+npm+chromium+radius build ## OKEY in a real browser, every page as everybody sees it; pictures go to bin/screenshots
	@# Node itself is among what npm brings: Debian's is too old in places.
	cd e2e && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	CHROMIUM="$(CHROMIUM)" OKEY_E2E_FORM="$(FORM)" e2e/node_modules/.bin/node e2e/run.js

# Nothing given: the short form, which `make test` has too. FAULTS=all for the long one, several for its second half, or names; SEED=n for a schedule again; SECONDS=n of pairs.
faults: go need+postgres ## people go their ways while OKEY's programs, lines, database and relay fail, then the books must balance; FAULTS=all SEED=n SECONDS=n
	cd standalone && go test -count=1 -timeout 3h -v -run 'TestFaults$$' . -faults "$(FAULTS)" -seed "$(or $(SEED),0)" -seconds "$(or $(SECONDS),300)"

# Medians, the spread and the ratio to the least that could be done, side by side in one run; kept as JSON in bin/bench.
bench: go need+postgres ## how fast: whole requests and pages against their floors, in turn; ROUNDS=n; SCALE=1 on a nation's base, too; RUSH=1 for September; CURVES=1 as waiting requests and schools grow
	cd standalone && go test -count=1 -timeout 3h -v -run 'TestFiguresOfRequests$$' . -rounds $(or $(ROUNDS),5)
	go test -run '^$$' -bench '^BenchmarkPages$$' -benchtime 1x -timeout 1h ./server
ifdef RUSH
	cd standalone && go test -count=1 -timeout 3h -v -run 'TestRush$$' . -rush $(RUSH)
endif
ifdef CURVES
	cd standalone && go test -count=1 -timeout 3h -v -run 'TestCurveOfWaiting$$' . -waiting 20,2000,20000
	go test -run '^$$' -bench '^BenchmarkNation$$' -benchtime 1x -timeout 0 ./internal/nation -scale 0.0002,0.017,1 -keep $(CURDIR)/bin/bench
endif
ifdef SCALE
	go test -run '^$$' -bench '^BenchmarkNation$$' -benchtime 1x -timeout 0 ./internal/nation -scale $(SCALE) -keep $(CURDIR)/bin/bench
endif

test-office: go need+postgres+office ## open an export of orders with LibreOffice: what it reads, and that it prints no word over another
	go test -count=1 -timeout 10m -tags office -run LibreOffice ./activities

test-mail: go need+postgres+postfix+dovecot ## as root: a mail that Postfix can't deliver comes back, and a mailbox of Dovecot is read
	go test -count=1 -timeout 10m -tags mail -run 'Postfix|Dovecot' ./bounces

catalogue: go ## bin/catalogue.txt: every text that OKEY shows a person, and where it stands
	@mkdir -p bin
	go test -count=1 -run TestTheCatalogueCanBeWritten ./internal/house -catalogue $(CURDIR)/bin/catalogue.txt

lint: go need+npm ## golangci-lint, workflowcheck, squawk on the migrations, redocly on the API's description
	cd tools && OUT=../bin/tools/ ./build tool
	@status=0; for module in $(PROGRAMS); do \
		(cd $$module && echo "golangci-lint $$module" && $(CURDIR)/bin/tools/golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || status=1; \
	done; exit $$status
	bin/tools/workflowcheck -config tools/workflowcheck.yaml ./workflows/...
	cd tools && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@rm -rf bin/migrations && mkdir -p bin/migrations
	@for file in sql/migrations/*.sql; do sed '/^-- +goose Down/,$$d' $$file > bin/migrations/$$(basename $$file); done
	tools/node_modules/.bin/squawk --config tools/squawk.toml $$(grep -L 'NO TRANSACTION' bin/migrations/*.sql)
	tools/node_modules/.bin/squawk --config tools/squawk.toml --no-assume-in-transaction $$(grep -l 'NO TRANSACTION' bin/migrations/*.sql)
	REDOCLY_SUPPRESS_UPDATE_NOTICE=true tools/node_modules/.bin/node tools/node_modules/.bin/redocly lint --config tools/redocly.yaml server/api/openapi.yaml

fmt: go ## format every Go file
	cd tools && OUT=../bin/tools/ ./build tool
	bin/tools/gofumpt -modpath okey -w $(PROGRAMS)

release: go ## bin/release: programs for linux/amd64 and linux/arm64, their sums, and what each is made of (CycloneDX)
	tools/release bin/release

# From another folder, and with a cache of its own: what is not compiled anew proves nothing.
reproduce: go ## make release, and once more: the sums must be the same; takes as long as four first builds
	@commit=$$(git rev-parse HEAD) && again=$$(mktemp -d) && trap 'rm -rf "$$again"' EXIT && tools/release bin/release $$commit && \
		GOCACHE="$$again/cache" tools/release "$$again/release" $$commit >/dev/null && \
		diff bin/release/SHA256SUMS "$$again/release/SHA256SUMS" && echo "Two builds in two folders, the same sums."

clean: ## remove what build and lint made; data stay
	rm -rf bin tools/node_modules e2e/node_modules

# What the machine must have. Go, and make itself, are the two that nothing here can install.
NEEDS_GO := $(shell awk '$$1 == "go" { print $$2 }' go.mod)
go:
	@command -v go >/dev/null || { echo "Go $(NEEDS_GO) or newer is needed: see go.dev/doc/install" >&2; exit 1; }
	@go list -m >/dev/null 2>&1 || { echo "Go $(NEEDS_GO) or newer is needed, this is $$(cd / && go version): see go.dev/doc/install" >&2; exit 1; }

# The shell of Chromium has no window to draw: the same pages take half the work.
CHROMIUM ?= $(shell command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome)
need+%:
	@tools/need $(subst +, ,$*)
