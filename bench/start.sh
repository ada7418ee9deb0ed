# What it costs to start and to be there: sourced by bench/run.

# Of five medians the least.
bench_start() {
    title "Start-up"
    runs_new
    for _ in 1 2 3 4 5; do
        run_in native native "$bench/start" 50 true
        run_in exec native "$bench/start" 50 "$BUILD/chaosctl" exec --quiet -- true
        run_in entered under "" "$bench/start" 50 true
        run_in constructor constructor_us
        ! has libfiu || run_in libfiu native "$bench/start" 20 fiu-run -x -f "" true
        ! has strace || run_in strace native "$bench/start" 20 strace -f -qq --seccomp-bpf -o /dev/null -e trace=connect true
    done
    peer[libfiu]=$(least_of libfiu) peer[strace]=$(least_of strace)
    row "true: a command of its own" ms "$(least_of native)" "$(least_of exec)" \
        "$(less "$(least_of exec)" "$(least_of native)")" 5 "native + 5 ms"
    peer[libfiu]=$(least_of libfiu 2) peer[strace]=$(least_of strace 2)
    row "true: processor time of the same" ms "$(least_of native 2)" "$(least_of exec 2)"
    row "true: a child of one that runs under it" ms "$(least_of native)" "$(least_of entered)"
    row "the shim's constructor" us - "$(least_of constructor)" "$(least_of constructor)" 300 "< 300 us"
}

# Beginning with the shim resolved and ending with the control area mapped.
constructor_us() {
    local i
    for i in 1 2 3 4 5 6 7; do
        "$BUILD/chaosctl" exec --quiet -- \
            env LD_PRELOAD="$bench/mark_last.so:$BUILD/libchaosctl.so:$bench/mark_first.so" true 2>&1 | sed -n 's/^mark //p'
    done >"$scratch/marks"
    middle $(cat "$scratch/marks")
}

# --- memory, threads, descriptors ---

private_kib() { "$@" awk '/^Private_Dirty/ { print $2 }' /proc/self/smaps_rollup; }
threads_and_files() { # a process that waits, as native or under chaosctl: prints "threads descriptors"
    "$@" sh -c 'set -- /proc/$$/task/*; threads=$#; set -- /proc/$$/fd/*; echo $threads $#'
}

bench_footprint() {
    local native idle
    title "What it holds"
    runs_new
    for _ in 1 2 3 4 5; do
        run_in native private_kib native
        run_in idle private_kib under ""
        run_in other private_kib under "$latency"
        ! has libfiu || run_in libfiu private_kib under_libfiu --
        run_in sockets native "$bench/sockets" "$port" 2000
        run_in sockets_idle under "" "$bench/sockets" "$port" 2000
        run_in sockets_armed under "latency:target=$target,delay=1ms" "$bench/sockets" "$port" 2000
        ! has libfiu || run_in sockets_libfiu under_libfiu -- "$bench/sockets" "$port" 2000
    done
    native=$(middle_of native)
    peer[libfiu]=$(middle_of libfiu)
    row "private memory of a process: idle" KiB "$native" "$(middle_of idle)" \
        "$(less "$(middle_of idle)" "$native")" 256 "native + 256 KiB"
    row "private memory of a process: armed" KiB "$native" "$(middle_of other)" \
        "$(less "$(middle_of other)" "$native")" 256 "native + 256 KiB"
    native=$(middle_of sockets)
    peer[libfiu]=$(middle_of sockets_libfiu)
    row "the same for each open socket: idle" B "$native" "$(middle_of sockets_idle)" \
        "$(less "$(middle_of sockets_idle)" "$native")" 128 "native + 128 B"
    row "the same for each open socket: held data on it" B "$native" "$(middle_of sockets_armed)" \
        "$(less "$(middle_of sockets_armed)" "$native")" 128 "native + 128 B"
    read -r -a native < <(threads_and_files native)
    read -r -a idle < <(threads_and_files under "")
    row "threads of a process: idle" - "${native[0]}" "${idle[0]}" "${idle[0]}" "${native[0]}" "as native"
    row "descriptors of a process: idle" - "${native[1]}" "${idle[1]}" "${idle[1]}" "${native[1]}" "as native"
}
