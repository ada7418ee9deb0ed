# What calls cost, in time and in instructions: sourced by bench/run.

# What could never strike is refused; one in a thousand million is as good as never.
never="probability=0.0000001%"
broken_pipes="error:call=send,errno=ECONNRESET,$never
error:call=recv,errno=ECONNRESET,$never"

# As many rules as the control area takes, about somebody else.
rules_max() { sed -n 's/^#define RULE_MAX *\([0-9]*\).*/\1/p' injectors/decision/table.h; }
rules_of_others() { # COUNT
    local i
    for ((i = 1; i <= $1; i++)); do
        echo "latency:target=$target,delay=$((100 + i))ms"
    done
}

bench_memory() {
    local threads name goal native
    title "malloc(64) and free, a pair"
    for threads in 1 2; do
        runs_new
        for _ in 1 2 3 4 5 6 7; do
            run_in native native "$bench/malloc" $threads 200000
            run_in idle under "" "$bench/malloc" $threads 200000
            run_in never under "oom:$never" "$bench/malloc" $threads 200000
            has libfiu || continue
            run_in libfiu under_libfiu -- "$bench/malloc" $threads 200000
            run_in libfiu_never under_libfiu libc/mm/malloc -- "$bench/malloc" $threads 200000
        done
        native=$(least_of native)
        name="$threads thread$([ $threads = 1 ] || echo s)"
        peer[libfiu]=$(least_of libfiu)
        if [ $threads = 1 ]; then
            row "$name: idle" ns "$native" "$(least_of idle)" "$(less "$(least_of idle)" "$native")" 1 "native + 1 ns"
        else
            row "$name: idle" ns "$native" "$(least_of idle)" "$(ratio "$native" "$(least_of idle)")" 1.05 "native + 5%"
        fi
        peer[libfiu]=$(least_of libfiu_never)
        if [ $threads = 1 ]; then
            row "$name: an oom armed, p=0" ns "$native" "$(least_of never)"
        else
            row "$name: an oom armed, p=0" ns "$native" "$(least_of never)" \
                "$(ratio "$native" "$(least_of never)")" 1.10 "native + 10%"
        fi
    done
}

# Without the seccomp filter that refuses io_uring, which every system call goes through.
under_ring() { # SPEC PROGRAM...
    "$BUILD/chaosctl" exec --quiet --allow-io-uring --fault "$1" -- "${@:2}" || fail "$2 failed under $1"
}

bench_calls() {
    local at others names=("send+recv, unix, 64 B" "send+recv, TCP, 64 B" "read" "poll")
    others=$(rules_max)
    title "Calls that no fault strikes"
    runs_new
    for _ in 1 2 3 4 5; do
        run_in native native "$bench/calls" "$port" 10000
        run_in idle under "" "$bench/calls" "$port" 10000
        run_in never under "$broken_pipes" "$bench/calls" "$port" 10000
        run_in other under "$latency" "$bench/calls" "$port" 10000
        run_in others under "$(rules_of_others "$others")" "$bench/calls" "$port" 10000
        run_in ring under_ring "$latency" "$bench/calls" "$port" 10000
        ! has libfiu || run_in libfiu under_libfiu -- "$bench/calls" "$port" 10000
        ! has libfiu || run_in libfiu_never under_libfiu posix/io/net/send posix/io/net/recv -- "$bench/calls" "$port" 10000
        ! has strace || run_in strace under_strace sendto,recvfrom "$bench/calls" "$port" 500
    done
    for at in 0 1 2 3; do
        call_rows "${names[at]}" $((at + 1)) "$others"
    done
}

call_rows() { # NAME COLUMN RULES
    local native
    native=$(least_of native "$2")
    peer[libfiu]=$(least_of libfiu "$2")
    call_row "$1: idle" idle "$2" 15
    if [ "$2" -le 2 ]; then
        peer[libfiu]=$(least_of libfiu_never "$2") peer[strace]=$(least_of strace "$2")
        call_row "$1: armed on it, p=0" never "$2" 30
    fi
    call_row "$1: another target armed" other "$2" 30
    call_row "$1: the same, $3 rules" others "$2" 30
    call_row "$1: the same, io_uring allowed" ring "$2" 30
}
call_row() { # NAME WAY COLUMN LIMIT
    local got
    got=$(least_of "$2" "$3")
    row "$1" ns "$native" "$got" "$(less "$got" "$native")" "$4" "native + $4 ns"
}

# --- counted, not timed: these repeat exactly ---

kinds=(malloc send,recv write,read writev,readv sendmsg,recvmsg poll select epoll_wait dup,close)

# Each of these prints how many it takes; what the start takes is what no call at all takes.
counted_way() { # WAY: into way
    case $1 in
    native) way=() ;;
    idle) way=("$BUILD/chaosctl" exec --quiet --) ;;
    other) way=("$BUILD/chaosctl" exec --quiet --fault "$latency" --) ;;
    esac
}
instructions_of() { # WAY KIND TIMES
    local way log=$scratch/callgrind
    counted_way "$1"
    ${way[@]+"${way[@]}"} valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        "$bench/once" "$2" "$3" || fail "callgrind failed"
    sed -n 's/.*Collected : //p' "$log"
}
system_calls_of() { # WAY KIND TIMES
    local way log=$scratch/strace
    counted_way "$1"
    ${way[@]+"${way[@]}"} strace -f -c -o "$log" "$bench/once" "$2" "$3" || fail "strace failed"
    # The column of errors may be empty.
    awk '$NF == "total" { print $4 }' "$log"
}
# Both counts of each call, less those of the start.
each_of() { # COUNTER WAY KIND TIMES
    local start all known=$scratch/start.$1.$2
    [ -s "$known" ] || "$1" "$2" malloc 0 >"$known" || exit 1
    start=$(cat "$known") && all=$("$1" "$2" "$3" "$4") || exit 1
    awk -v a="$start" -v b="$all" -v n="$4" 'BEGIN { printf "%.1f", (b - a) / n }'
}

counted_rows() { # WAY
    local kind native got most
    for kind in "${kinds[@]}"; do
        has valgrind || break
        native=$(each_of instructions_of native "$kind" 20000) && got=$(each_of instructions_of "$1" "$kind" 20000) || exit 1
        # One load and one branch, and the frame that the compiler makes before it knows that it needs none.
        most=28
        [[ $kind != *,* ]] || most=56
        if [ "$1" = idle ]; then
            row "${kind/,/+}: instructions" - "$native" "$got" "$(less "$got" "$native")" $most "native + $most"
        else
            row "${kind/,/+}: instructions" - "$native" "$got"
        fi
    done
    for kind in "${kinds[@]}"; do
        has strace || break
        native=$(each_of system_calls_of native "$kind" 1000) && got=$(each_of system_calls_of "$1" "$kind" 1000) || exit 1
        if [ "$1" = idle ]; then
            row "${kind/,/+}: system calls" - "$native" "$got" "$got" "$native" "as native"
        else
            row "${kind/,/+}: system calls" - "$native" "$got"
        fi
    done
}

bench_instructions() {
    title "Counted, for each call or pair of calls, idle"
    counted_rows idle
}

bench_armed() {
    title "Counted, another target armed"
    counted_rows other
}
