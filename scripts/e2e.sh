#!/usr/bin/env bash
# Drives the real window through WebKitWebDriver on a display without a screen. SLIPWAY_WINDOW
# names the application; without it, it is built here. Arguments name the tests to run instead of
# all. Screenshots and logs: target/e2e.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

if [ -z "${SLIPWAY_WINDOW:-}" ]; then
  npm --prefix ui run --silent build
  # The flags of scripts/test.sh, so that both use one build.
  cargo build --workspace --locked --features slipway-desktop/custom-protocol --bins --tests
  export SLIPWAY_WINDOW=${CARGO_TARGET_DIR:-$ROOT/target}/debug/slipway-desktop
fi
[ -x "$SLIPWAY_WINDOW" ] || fail "$SLIPWAY_WINDOW is not there"

if [ -z "${SLIPWAY_ENGINE:-}" ]; then
  SLIPWAY_ENGINE=$(scripts/engine.sh)
  export SLIPWAY_ENGINE
fi
unset PIP_FIND_LINKS PIP_NO_INDEX PIP_INDEX_URL # see scripts/test.sh

[ $# -gt 0 ] || set -- tests/e2e/*.test.mjs
mkdir -p target/e2e
rm -rf target/e2e/*
# A session bus of its own: the single-instance lock and the keychain of whoever sits here stay out
# of it. GTK looks for a screen reader's bus otherwise. Without -noreset the display refuses a window
# that comes in the moment when the last one has gone.
exec dbus-run-session -- xvfb-run -a -s "-screen 0 1440x900x24 -noreset" \
  env -u WAYLAND_DISPLAY GDK_BACKEND=x11 NO_AT_BRIDGE=1 \
  node --test --test-reporter=spec --test-concurrency=1 "$@"
