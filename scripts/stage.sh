# shellcheck shell=bash
# Sourced by test.sh and check.sh: named stages, all of which run even if one fails, with their
# time, and a summary of them.

STAGE_LOGS=$ROOT/target/stages
STAGES_FAILED=
STAGE_SUMMARY=

# stage NAME COMMAND…: runs it, its output on the terminal and in target/stages/NAME.log.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  mkdir -p "$STAGE_LOGS"
  say "" "── $name"
  "$@" </dev/null 2>&1 | tee "$STAGE_LOGS/$name.log" || status=$?
  local verdict="ok"
  if [ $status -ne 0 ]; then
    verdict="FAILED (exit $status)"
    STAGES_FAILED="$STAGES_FAILED $name"
  fi
  STAGE_SUMMARY="$STAGE_SUMMARY$(printf '%-18s %5s s  %s' "$name" $((SECONDS - began)) "$verdict")
"
  return 0
}

# The line by which each runner names a failed test: vitest, nextest, cargo, unittest and node.
FAILED_TEST='^[[:space:]]*(FAIL |FAIL \[|TIMEOUT \[|test .* \.\.\. FAILED|(FAIL|ERROR): |✖ )'

# stages_summary: one line per stage, and below a failed one the first of its failed tests: the end
# of the output is what is read first.
stages_summary() {
  local name
  say ""
  printf '%s' "$STAGE_SUMMARY"
  for name in $STAGES_FAILED; do
    say "" "$name:"
    sed $'s/\x1b\\[[0-9;]*m//g' "$STAGE_LOGS/$name.log" | grep -aE "$FAILED_TEST" | awk '!seen[$0]++' | head -10
  done
}
