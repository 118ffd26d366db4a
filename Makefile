# What one does with a checkout of Slipway. The work is in scripts/; each target installs what it
# needs first (scripts/setup.sh) and says what it installs.

.DEFAULT_GOAL := help
.PHONY: help run test check bindings build e2e bench-ssh bench-deploy bench-ui soak-ssh soak-chat clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build Slipway and open its window; without a display, deploy and chat in the terminal
	@scripts/run.sh

test: ## Run all tests: interface, deploy script, Rust, the real window
	@scripts/test.sh

check: ## Check format, lints, types, layers, bindings and licences
	@scripts/check.sh

bindings: ## Write ui/src/ipc/bindings.ts anew from the crate slipway-protocol
	@UPDATE_BINDINGS=1 cargo test --locked -p slipway-protocol committed_bindings_are_current

build: ## Build the window for release: target/release/slipway-desktop
	@scripts/build.sh

e2e: ## Drive the real window alone; screenshots in target/e2e
	@scripts/setup.sh test
	@scripts/e2e.sh

bench-ssh: ## Measure tunnel and uploads beside ssh, sftp, scp and rsync; figures in target/bench/ssh.json
	@scripts/bench_ssh.sh $(BENCH)

bench-deploy: ## Measure deploys beside the same by hand, and uploads; figures in target/bench/deploy.json
	@scripts/bench_deploy.sh $(BENCH)

bench-ui: ## Measure the real window: start, chats, keys, search, memory; figures in target/bench/ui.json
	@scripts/bench_ui.sh $(BENCH)

soak-ssh: ## Cut tunnels at random while requests run, for some minutes (SLIPWAY_SOAK_CUTS=100)
	@scripts/setup.sh test
	@scripts/soak_ssh.sh

soak-chat: ## Kill the program in mid-answer at random moments, for some minutes (SLIPWAY_SOAK_KILLS=200)
	@scripts/setup.sh test
	@scripts/soak_chat.sh

clean: ## Remove everything that was built or fetched into this checkout
	@rm -rf target gen ui/dist ui/node_modules
