# make test needs Go alone. What else is installed (node with `make tools`,
# PostgreSQL, Chromium, staticcheck) is used; what is missing is named at the end.

GO         ?= go
FUZZTIME   ?= 20s
BENCH      ?= .
BENCHTIME  ?= 1s

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
CADDY       := github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9
TOOLS       := $(CURDIR)/.tools

.PHONY: test check format vet staticcheck vulncheck race bench fuzz tools tools-go tools-node

test: format vet staticcheck race ## everything, with the race detector

check: format vet ## the quick round: no race detector
	$(GO) run ./internal/testreport -timeout 10m ./...

format:
	@unformatted=$$(find . -name '*.go' -not -path '*/node_modules/*' -not -path './.*/*' -exec gofmt -l {} +); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	@if [ -x $(TOOLS)/staticcheck ]; then $(TOOLS)/staticcheck ./...; \
	elif command -v staticcheck >/dev/null; then staticcheck ./...; \
	else echo "staticcheck: skipped, it is not installed (make tools-go installs it)"; fi

# govulncheck exits with 3 where it found something; any other failure means that
# it could not look, as where its database cannot be reached.
vulncheck: ## known vulnerabilities, if their database can be reached
	@if [ ! -x $(TOOLS)/govulncheck ]; then echo "govulncheck: skipped, it is not installed (make tools-go installs it)"; exit 0; fi; \
	output=$$(timeout 120 $(TOOLS)/govulncheck ./... 2>&1); status=$$?; \
	if [ $$status -eq 3 ]; then echo "$$output"; exit 1; \
	elif [ $$status -ne 0 ]; then echo "govulncheck: skipped, it could not look: $$(echo "$$output" | head -n 1)"; \
	else echo "govulncheck: nothing known"; fi

race:
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then detector=-race; \
	elif [ "$$TANDEM_REQUIRE_SERVICES" = 1 ]; then echo "race detector: it needs a C compiler"; exit 1; \
	else echo "race detector: skipped, it needs a C compiler"; fi; \
	$(GO) run ./internal/testreport $$detector -timeout 20m ./...

bench: ## the same operation through both doors, and the schemas below them
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./rest ./mcp ./internal/schema ./session ./auth/...

fuzz: ## each fuzz target for FUZZTIME
	@grep -rno --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . | \
	while IFS=: read -r file _ target; do \
		target=$${target#func }; echo "$$target in $$file"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" || exit 1; \
	done

tools: tools-go tools-node ## what the tests can use besides Go

tools-go:
	GOBIN=$(TOOLS) $(GO) install $(STATICCHECK)
	GOBIN=$(TOOLS) $(GO) install $(GOVULNCHECK)
	GOBIN=$(TOOLS) $(GO) install $(CADDY)

tools-node:
	cd internal/nodetools && npm ci --no-audit --no-fund
