#!/usr/bin/env bash
# The window and the command line as they are released.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

scripts/setup.sh build
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

npm --prefix ui run --silent build
cargo build --locked --release -p slipway-desktop -p slipway-cli --features slipway-desktop/custom-protocol
built=${CARGO_TARGET_DIR:-target}/release
ls -l "$built/slipway-desktop" "$built/slipway"
