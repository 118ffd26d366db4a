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

# stages_summary: one line per stage.
stages_summary() {
  say ""
  printf '%s' "$STAGE_SUMMARY"
}
