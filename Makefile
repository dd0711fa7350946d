# Every module of the house: the product, standalone, the tools. `make` alone explains itself.
MODULES := . $(patsubst %/,%,$(dir $(wildcard */go.mod)))
PROGRAMS := $(filter-out tools,$(MODULES))

# Where `make run` keeps its state: make run DATA=/elsewhere
DATA ?= data

export CGO_ENABLED = 0
BUILD := go build -trimpath -ldflags '-s -w'

.DEFAULT_GOAL := help
.PHONY: help build run test e2e test-office catalogue lint fmt clean go postgres npm node chromium office

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: go ## bin/okey and bin/okey-standalone
	$(BUILD) -o bin/okey ./cmd/okey
	cd standalone && $(BUILD) -o ../bin/okey-standalone .

run: build postgres ## build, start the whole of OKEY on this machine, say where to go; DATA=DIR to keep it elsewhere
	bin/okey-standalone --data $(DATA)

test: go postgres npm node chromium ## every test of every module, then those in a real browser
	@status=0; for module in $(PROGRAMS); do (cd $$module && go test -timeout 30m ./...) || status=1; done; $(MAKE) --no-print-directory e2e || status=1; exit $$status

e2e: build postgres npm node chromium ## OKEY in a real browser; pictures of every page go to bin/screenshots
	cd e2e && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	CHROMIUM=$(CHROMIUM) node e2e/run.js

test-office: go postgres office ## open an export of orders with LibreOffice, and check what it reads
	go test -count=1 -timeout 10m -tags office -run LibreOffice ./activities

catalogue: go ## bin/catalogue.txt: every text that OKEY shows a person, and where it stands
	@mkdir -p bin
	go test -count=1 -run TestTheCatalogueCanBeWritten ./internal/house -catalogue $(CURDIR)/bin/catalogue.txt

lint: go npm ## golangci-lint, workflowcheck, squawk on the migrations
	cd tools && go build -o ../bin/tools/ tool
	@status=0; for module in $(PROGRAMS); do \
		(cd $$module && echo "golangci-lint $$module" && $(CURDIR)/bin/tools/golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || status=1; \
	done; exit $$status
	bin/tools/workflowcheck -config tools/workflowcheck.yaml ./workflows/...
	cd tools && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@mkdir -p bin/migrations
	@for file in sql/migrations/*.sql; do sed '/^-- +goose Down/,$$d' $$file > bin/migrations/$$(basename $$file); done
	tools/node_modules/.bin/squawk --config tools/squawk.toml bin/migrations/*.sql

fmt: go ## format every Go file
	cd tools && go build -o ../bin/tools/ tool
	bin/tools/gofumpt -modpath okey -w $(PROGRAMS)

clean: ## remove what build and lint made; data stay
	rm -rf bin tools/node_modules e2e/node_modules

# What the machine must have, told in one line where it has not.
NEEDS_GO := $(shell awk '$$1 == "go" { print $$2 }' go.mod)
go:
	@command -v go >/dev/null || { echo "Go $(NEEDS_GO) or newer is needed: see go.dev/doc/install" >&2; exit 1; }
	@go list -m >/dev/null 2>&1 || { echo "Go $(NEEDS_GO) or newer is needed, this is $$(cd / && go version): see go.dev/doc/install" >&2; exit 1; }

POSTGRES := /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
	/usr/local/pgsql/bin /Applications/Postgres.app/Contents/Versions/*/bin
postgres:
	@command -v initdb >/dev/null || ls -d $(addsuffix /initdb,$(POSTGRES) $(OKEY_POSTGRES_BIN)) 2>/dev/null | grep -q . || { \
		echo "PostgreSQL's server programs are needed: apt-get install -y postgresql (macOS: brew install postgresql)" >&2; exit 1; }

npm:
	@command -v npm >/dev/null || { echo "npm is needed: apt-get install -y npm (macOS: brew install node)" >&2; exit 1; }

node:
	@node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null || { \
		echo "Node 20 or newer is needed: apt-get install -y nodejs (macOS: brew install node)" >&2; exit 1; }

CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
chromium:
	@command -v "$(CHROMIUM)" >/dev/null || { \
		echo "Chromium is needed: apt-get install -y --no-install-recommends chromium fonts-dejavu-core (elsewhere: CHROMIUM=/path/to/it)" >&2; exit 1; }

office:
	@command -v soffice >/dev/null || { \
		echo "LibreOffice is needed: apt-get install -y --no-install-recommends libreoffice-calc (macOS: brew install --cask libreoffice)" >&2; exit 1; }
