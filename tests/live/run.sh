# For tests/live/run_*.test: sourced after lib.sh.  They run scenarios made of scenarios/front.yml and what they add.
#
#   scenario NAME               writes $TMP/NAME.yml from the shared head and standard input
#   run_scenario NAME [VARIABLE=VALUE]...
#                               runs it to its end: its exit code is in $code, what it printed in $out, its journal's
#                               path in $journal
#   start_scenario NAME [VARIABLE=VALUE]...
#                               starts it; its pid is in $run, what it prints goes to $TMP/out
#   end_scenario                waits for that one: $code, $out and $journal as above
#   cells JOURNAL               prints a line for each cell: EXPERIMENT LABEL VERDICT, with tabs between
#   journal_has JOURNAL PYTHON  is the expression true for some event `e`?
#   journal_has_not JOURNAL PYTHON   is it true for none?
#   page WANTED                 does a request for the page give this status (000: none)?
#   marked, end_marked          the pids of the services' processes; ends them
#   nothing_left                is no process of the scenario's services alive, and no run folder there?
# The scenario gives its services a variable MARK, by which the test knows them.
LIVE=$ROOT/tests/live
MARK=chaosctl-test-$$-$RANDOM
FRONT_PORT=$(free_port) BACK_PORT=$(free_port)
ASK_PORT=$BACK_PORT
export LIVE FRONT_PORT BACK_PORT ASK_PORT
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
STATE=$XDG_STATE_HOME RUNTIME=$XDG_RUNTIME_DIR

# A test that fails half-way must not leave its services behind.
sweep() {
    end_marked
    finish
}
# By force, and what chaosctl left on disk when it was killed.
end_marked() {
    local pid
    for pid in $(marked); do kill -9 "$pid" 2>/dev/null; done
    wait_for 5 none_marked
    rm -rf "${RUNTIME:?}/chaosctl"
}
none_marked() { [ -z "$(marked)" ]; }
trap sweep EXIT
marked() { grep -lzx "MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null | sed -n 's|^/proc/\([0-9]*\)/environ$|\1|p'; }

scenario() { sed "s/@MARK@/$MARK/" "$LIVE/scenarios/front.yml" - >"$TMP/$1.yml"; }
newest_journal() { find "$STATE/chaosctl" -name '*.jsonl' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2-; }
run_scenario() {
    local file=$TMP/$1.yml
    shift
    out=$(env "$@" "$CHAOSCTL" run "$file" 2>&1 </dev/null)
    code=$?
    journal=$(newest_journal)
}
start_scenario() {
    local file=$TMP/$1.yml
    shift
    # The shell starts background jobs with SIGINT ignored.
    background env --default-signal=INT "$@" "$CHAOSCTL" run "$file" >"$TMP/out" 2>&1 </dev/null
    run=$last
}
end_scenario() {
    wait "$run"
    code=$?
    out=$(cat "$TMP/out")
    journal=$(newest_journal)
}
report() { "$CHAOSCTL" report "$1" --format "$2"; }
cells() { report "$1" json | /usr/bin/python3 -c 'import json, sys
for cell in json.load(sys.stdin)["cells"]:
    print(cell["experiment"], cell.get("label") or "-", cell["verdict"], sep="\t")'; }
journal_has() { /usr/bin/python3 -c 'import json, sys
test = compile(sys.argv[2], "test", "eval")
sys.exit(not any(eval(test, {"e": json.loads(line)}) for line in open(sys.argv[1])))' "$@"; }
journal_has_not() { [ -s "$1" ] && ! journal_has "$@"; }
page() { [ "$(curl -s -o /dev/null -m 2 -w '%{http_code}' "http://127.0.0.1:$FRONT_PORT/")" = "$1" ]; }
no_run_folder() { [ -z "$(ls -A "$RUNTIME/chaosctl" 2>/dev/null)" ]; }
nothing_left() {
    [ -z "$(marked)" ] || { echo "# still there: $(marked | xargs ps -o pid=,args= -p)"; return 1; }
    no_run_folder || { echo "# still there: $(find "$RUNTIME/chaosctl")"; return 1; }
}
