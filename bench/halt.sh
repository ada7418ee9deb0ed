# How soon a drill is over: sourced by bench/run.

# A drill that a crowd joins, whose runs and whose halt are nobody else's.
drill_up() {
    export XDG_RUNTIME_DIR=$scratch/runtime XDG_STATE_HOME=$scratch/state
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
    cat >"$scratch/drill.yml" <<YAML
version: 1
name: a crowd
services: {crowd: {join: true, ready: {exec: [test, -e, "$scratch/connected"], within: 60s}}}
dependencies: {server: {tcp: "$target"}}
steady_state: [{probe: there, expect: {exit: 0}}]
probes: {there: {exec: [test, -e, "$scratch/connected"]}}
defaults: {baseline: {for: 100ms, within: 10s}, hold: 1s, recovery: {within: 10s, stable_for: 100ms}, lease: 60s}
experiments: [{name: none, faults: [{latency: {target: server, delay: 1ms}}]}]
YAML
    rm -f "$scratch/connected"
    "$BUILD/chaosctl" up "$scratch/drill.yml" >"$scratch/report" 2>"$scratch/told" </dev/null &
    drill=$!
    started+=("$drill")
    until_true "$BUILD/chaosctl" env
}
until_true() { # COMMAND...
    local i
    for ((i = 0; i < 1200; i++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    fail "$* does not come true: $(tail -1 "$scratch/told")"
}
drill_down() {
    "$BUILD/chaosctl" down >/dev/null || fail "down: $(tail -1 "$scratch/told")"
    wait "$drill"
}

crowd_of() { # KIND PROCESSES CONNECTIONS COMMAND...: into $figures
    local kind=$1 processes=$2 each=$3 in out word crowd
    shift 3
    drill_up
    mkfifo "$scratch/in" "$scratch/out"
    (eval "$("$BUILD/chaosctl" env)" && exec "$bench/crowd" "$port" "$processes" "$each" "$kind" "$@") \
        <"$scratch/in" >"$scratch/out" 2>"$scratch/crowd" &
    crowd=$!
    started+=("$crowd")
    exec {in}>"$scratch/in" {out}<"$scratch/out"
    read -r word <&"$out" || fail "no crowd"
    touch "$scratch/connected"
    until_true grep -q ' is up;' "$scratch/told"
    "$BUILD/chaosctl" inject "latency:target=server,delay=30s,hits=0" >/dev/null || fail "inject"
    echo >&"$in"
    read -r figures <&"$out" || fail "the crowd of $* did not come back: $(cat "$scratch/crowd")"
    sed -n 's/^bench: /note: /p' "$scratch/crowd" >&2
    exec {in}>&- {out}<&-
    rm -f "$scratch/in" "$scratch/out"
    wait "$crowd"
    drill_down
}

# Root's halt is for the whole host: as root it is measured where /run is its own.
halt_is_ours() { [ "$(id -u)" -ne 0 ] || [ -n "${OWN_RUN:-}" ]; }

bench_halt() {
    local how kind figures median p99 last cpu
    title "From the command's start to the last delayed call that goes on: 200 processes, 20 connections each"
    for kind in poll blocking; do
        for how in lift halt; do
            if [ $how = halt ] && ! halt_is_ours; then
                echo "Not measured: as root a halt is for the whole host; OWN_RUN=yes unshare --mount sh -c 'mount -t tmpfs none /run && make bench BENCH=halt'" >&2
                continue
            fi
            crowd_of $kind 200 20 "$BUILD/chaosctl" $how
            [ $how = lift ] || "$BUILD/chaosctl" resume
            read -r median p99 last cpu <<<"$figures"
            row "$how, $kind: median" ms - "$median"
            row "$how, $kind: p99" ms - "$p99" "$p99" 50 "< 50 ms"
            row "$how, $kind: the last" ms - "$last"
            row "$how, $kind: processor time of all" ms - "$cpu"
        done
    done
}
