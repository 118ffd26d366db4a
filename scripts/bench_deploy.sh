#!/usr/bin/env bash
# Measures deploys, rollbacks, plans and uploads beside the same by hand and beside sftp, scp and
# rsync; arguments go to the program (`make bench-deploy BENCH=--quick`; --help names them). Root also
# gets the line of 40 ms.
set -euo pipefail
# shellcheck source=scripts/platform.sh
. "$(dirname "$0")/platform.sh"

scripts/setup.sh bench
# shellcheck source=scripts/platform.sh
. scripts/platform.sh

engine=$(scripts/engine.sh)
cargo build --quiet --locked --release -p slipway-benches --bin bench-deploy
exec "${CARGO_TARGET_DIR:-target}/release/bench-deploy" --engine "$engine" "$@"
