# For the tests of drills: sourced after lib.sh.
#
#   drill_scenario          writes $TMP/drill.yml: a Redis on $PORT, and a client of it that says how it goes in $TMP/word
#   drill CHAOSCTL COMMAND  is how all below call chaosctl; `as` may be set to as_user
#   up [OPTION]...          a drill is up: its pid is in $run, its name in $which, what it tells in $TMP/told
#   ended                   waits for it: $code, and its report in $TMP/report
#   goes WORD               how does it go with the client?
#   status PYTHON           an expression over `s`, the status of all runs as JSON; and over `run`, the first that takes requests
#   journal_has PYTHON      is the expression true for some event `e` of the last journal?
PORT=$(free_port)
as=() which=none
drill() { ${as[@]+"${as[@]}"} "$CHAOSCTL" "$@"; }
drill_scenario() {
    cat >"$TMP/drill.yml" <<YAML
version: 1
name: a drill
services:
  redis:
    run: [redis-server, --bind, 127.0.0.1, --port, "$PORT", --save, "", --dir, "$TMP"]
    ready: {tcp: "127.0.0.1:$PORT", within: 10s}
    inject: none
  client: {run: [/usr/bin/python3, "$ROOT/tests/live/drill_client.py", "$PORT", "$TMP/word"]}
dependencies:
  cache: {tcp: "127.0.0.1:$PORT"}
probes:
  word: {exec: [grep, -q, fast, "$TMP/word"]}
steady_state:
  - {probe: word, expect: {exit: 0}}
defaults:
  baseline: {for: 200ms, within: 10s}
  hold: 60s
  recovery: {within: 10s, stable_for: 200ms}
  lease: 1s
experiments:
  - {name: slower, faults: [{latency: {target: cache, delay: 20ms}}], during: [{service: client, expect: {alive: true}}]}
YAML
}
up() {
    rm -f "$TMP/told"
    background env --default-signal=INT ${as[@]+"${as[@]}"} "$CHAOSCTL" up "$@" "$TMP/drill.yml" \
        >"$TMP/report" 2>"$TMP/told" </dev/null
    run=$last
    wait_for 20 grep -q ' is up;' "$TMP/told" || return
    which=$(sed -n 's/^chaosctl: run \([^ ]*\) is up.*/\1/p' "$TMP/told")
}
ended() {
    wait "$run"
    code=$?
}
goes() { [ "$(cat "$TMP/word")" = "$1" ]; }
status() { drill status --json | /usr/bin/python3 -c 'import json, sys
s = json.load(sys.stdin)
run = next((r for r in s["runs"] if "phase" in r), None)
print(eval(sys.argv[1]))' "$1"; }
told_by_status() { [ "$(status "$1")" = True ]; }
journal_has() {
    /usr/bin/python3 -c 'import glob, json, os, sys
newest = max(glob.glob(sys.argv[1] + "/chaosctl/*.jsonl"), key=os.path.getmtime)
test = compile(sys.argv[2], "test", "eval")
sys.exit(not any(eval(test, {"e": json.loads(line)}) for line in open(newest)))' "$XDG_STATE_HOME" "$1"
}
