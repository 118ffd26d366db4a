#!/usr/bin/env bash
# Measures Slipway's tunnel and uploads beside plain TCP, ssh, sftp, scp and rsync; arguments go to
# the program (`make bench-ssh BENCH=--quick`; --help names them). Root also gets the line of 40 ms.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

scripts/setup.sh bench
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

cargo build --quiet --locked --release -p slipway-benches --bin bench-ssh
exec "${CARGO_TARGET_DIR:-target}/release/bench-ssh" "$@"
