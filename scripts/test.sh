#!/usr/bin/env bash
# All tests: the interface, the deploy script, the Rust workspace with its journeys, and the real
# window. Ends with one line, `N passed, N failed`, and with a status to match.
set -uo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"
# shellcheck source=scripts/stage.sh
. scripts/stage.sh

scripts/setup.sh test || exit 1
# setup.sh may just have put a toolchain into target/tools.
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

passed=0
failed=0
# counted NAME KIND COMMAND…: a stage whose log is counted as KIND. A runner that failed without
# naming a test (it did not compile, say) counts as one failure.
counted() {
  local name=$1 kind=$2 counts before=$STAGES_FAILED some_passed some_failed
  shift 2
  stage "$name" "$@"
  counts=$(python3 scripts/tally.py "$kind=$STAGE_LOGS/$name.log") || counts="0 1"
  read -r some_passed some_failed <<<"$counts"
  if [ "$before" != "$STAGES_FAILED" ] && [ "$some_failed" -eq 0 ]; then some_failed=1; fi
  passed=$((passed + some_passed))
  failed=$((failed + some_failed))
}

if SLIPWAY_ENGINE=$(scripts/engine.sh); then
  export SLIPWAY_ENGINE
  # The journeys point pip to that folder by a configuration file in the homes that they make;
  # the environment would go before it.
  unset PIP_FIND_LINKS PIP_NO_INDEX PIP_INDEX_URL
else
  failed=$((failed + 1))
fi

# Everything is built once, with the same flags throughout: the window with the interface in it, as
# a user has it, and the command line, which the journeys run.
target=${CARGO_TARGET_DIR:-$ROOT/target}
cargo_flags=(--workspace --locked --features slipway-desktop/custom-protocol)
export SLIPWAY_WINDOW=$target/debug/slipway-desktop SLIPWAY_CLI=$target/debug/slipway
build() {
  npm --prefix ui run --silent build && cargo build "${cargo_flags[@]}" --bins --tests
}

counted build none build
counted ui vitest npm --prefix ui run --silent test
counted deploy unittest python3 deploy/tests
if cargo nextest --version >/dev/null 2>&1; then
  counted rust nextest cargo nextest run "${cargo_flags[@]}"
  counted rust-doc cargo cargo test "${cargo_flags[@]}" --doc --no-fail-fast
else
  counted rust cargo cargo test "${cargo_flags[@]}" --no-fail-fast
fi
if [ "$(uname -s)" = Linux ]; then
  counted e2e node scripts/e2e.sh
else
  say "" "The window's journeys need WebKitWebDriver, which is there on Linux only: left out."
fi

stages_summary
say "" "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
