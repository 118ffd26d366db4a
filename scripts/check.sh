#!/usr/bin/env bash
# Everything that can be said about the code without running the program: format, lints, types,
# layers, stale bindings, licences.
set -uo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"
# shellcheck source=scripts/stage.sh
. scripts/stage.sh

scripts/setup.sh check || exit 1
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

cargo_flags=(--workspace --locked --features slipway-desktop/custom-protocol)

# The two tests that guard the shape: who may depend on whom, and ui/src/ipc/bindings.ts.
shape() {
  cargo test "${cargo_flags[@]}" --test layering &&
    cargo test --locked -p slipway-protocol committed_bindings_are_current
}

shell_scripts() {
  shellcheck -x scripts/*.sh .ci/run
}

end_to_end_syntax() {
  local file
  for file in tests/e2e/*.mjs scripts/*.mjs; do node --check "$file" || return 1; done
}

# Licences, sources and bans are judged from Cargo.lock; the advisory database is asked where it is reachable.
dependencies() {
  local deny=cargo-deny
  if ! command -v $deny >/dev/null 2>&1; then
    deny=$TOOLS/bin/cargo-deny
    [ -x "$deny" ] || cargo install --quiet --locked --root "$TOOLS" cargo-deny@0.20.2 || return 1
  fi
  "$deny" check licenses bans sources || return 1
  if curl -sSf -o /dev/null --max-time 8 https://github.com/rustsec/advisory-db 2>/dev/null; then
    "$deny" check advisories
  else
    say "The advisory database cannot be reached from here: known vulnerabilities were not looked up."
  fi
}

stage rustfmt cargo fmt --all --check
stage ui-build npm --prefix ui run --silent build
stage clippy cargo clippy "${cargo_flags[@]}" --all-targets -- -D warnings
stage shape shape
stage svelte-check npm --prefix ui run --silent check
stage eslint npm --prefix ui run --silent lint
stage e2e-syntax end_to_end_syntax
stage shellcheck shell_scripts
stage python python3 scripts/lint_python.py deploy scripts benches
stage npm-licences node scripts/npm_licences.mjs
stage dependencies dependencies

stages_summary
if [ -n "$STAGES_FAILED" ]; then
  say "" "check failed:$STAGES_FAILED"
  exit 1
fi
say "" "check passed"
