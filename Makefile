# Every target prints what it does; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Nested modules: heavy test servers and tools stay out of the product's go.mod.
NESTED := e2e e2e/kube e2e/kubelet e2e/kubectl e2e/gitea e2e/distribution e2e/cosign e2e/helmcli tools
TOOL = $(GO) tool -modfile=$(CURDIR)/tools/go.mod
BENCH := .

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/towline
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/towline ./cmd/towline

.PHONY: demo
demo: ## Show the whole line, from a published tag to a healed cluster (KEEP=1 leaves it running)
	@$(GO) -C e2e build -o ../bin/demo ./demo && exec bin/demo

.PHONY: screenshots
screenshots: ## Take the pictures of docs/ anew, with Chromium
	@$(GO) -C e2e build -o ../bin/pictures ./pictures && exec bin/pictures docs/images

.PHONY: test
test: ## Run every test, against real servers too
	$(GO) test -timeout 20m ./...
	@$(MAKE) --no-print-directory e2e

.PHONY: test-fast
test-fast: ## Run the tests that start no server of their own, with the race detector
	$(GO) test -race -timeout 20m ./...

.PHONY: e2e
e2e: ## Run the tests against a Kubernetes control plane, forges and registries
	@$(MAKE) --no-print-directory prepare
	@# -count=1: these tests run the program as it is now, which go's cache of results doesn't see.
	$(GO) -C e2e test -count=1 -timeout 30m ./...

.PHONY: e2e-node
e2e-node: ## Run the reconciler as a Pod on a real node, with real containers (root only)
	@test "$$(id -u)" = 0 || { echo "e2e-node: SKIPPED: only root can start containers"; exit 0; }; \
	TOWLINE_E2E_NODE=1 $(GO) -C e2e test -count=1 -timeout 20m -v ./node

.PHONY: prepare
prepare: ## Build the test servers ahead, into the user's cache folder
	@$(GO) -C e2e run ./cmd/prepare

.PHONY: bench
bench: ## Run the benchmarks (BENCH=regexp)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	$(GO) -C e2e test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 30m ./...

.PHONY: lint
lint: ## Run the linter over the product and its tests
	@for module in . e2e e2e/kube e2e/kubectl; do \
		echo "lint $$module"; (cd $$module && $(TOOL) golangci-lint run ./...); done

.PHONY: generate
generate: ## Write the generated files: deep copies and the CRD
	@$(TOOL) controller-gen object crd:headerFile=reconciler/api/header.txt paths=./reconciler/api/v1 output:crd:dir=deploy/crds

.PHONY: verify
verify: ## Check formatting, vet, lint, generated files, module files and the fast tests
	@unformatted=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) -C e2e vet ./...
	@for module in . $(NESTED); do echo "go mod tidy -diff in $$module"; (cd $$module && $(GO) mod tidy -diff); done
	@echo "generate"; $(MAKE) --no-print-directory generate
	@changed=$$(git status --porcelain -- reconciler/api deploy/crds); \
	if [ -n "$$changed" ]; then echo "generated files are stale; commit what 'make generate' writes:"; echo "$$changed"; exit 1; fi
	@$(MAKE) --no-print-directory lint test-fast

.PHONY: clean
clean: ## Remove what the build made here (the test servers' cache stays)
	rm -rf bin
