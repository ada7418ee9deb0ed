# redis-benchmark's GET from 50 connections, the shim in the server: sourced by bench/run.

REQUESTS=100000

# Processor time of all threads of the processes together: their clocks, as clock_getcpuclockid(3) makes them.
cpu_ns() { /usr/bin/python3 -c 'import sys, time
print(sum(time.clock_gettime_ns((~int(pid) << 3) | 2) for pid in sys.argv[1:]))' "$@"; }

redis_start() { # WAY COMMAND...: its port into ports[WAY], its pid into pids[WAY]
    local way=$1 own
    own=$(free_port)
    "${@:2}" redis-server --port "$own" --bind 127.0.0.1 --save "" --appendonly no --dir "$scratch" >/dev/null 2>&1 &
    started+=("$!")
    await_port "$own"
    ports[$way]=$own
    pids[$way]=$(redis-cli -p "$own" info server | tr -d '\r' | sed -n 's/^process_id://p')
    started+=("${pids[$way]}")
    redis-cli -p "$own" set key:__rand_int__ 0123456789 >/dev/null
}

# Prints requests a second, p99 in ms, processor time of the server (and of a proxy before it) a request in us.
redis_once() { # WAY [PROXY-PORT PROXY-PID]
    local before after rps p99
    before=$(cpu_ns "${pids[$1]}" ${3:+"$3"}) || exit 1
    IFS=, read -r rps p99 < <(redis-benchmark -p "${2:-${ports[$1]}}" -c 50 -n $REQUESTS -t get --csv |
        sed -n 's/"//g; s/^GET,//p' | cut -d, -f1,6)
    [ -n "$p99" ] || fail "redis-benchmark has no figure of $1"
    after=$(cpu_ns "${pids[$1]}" ${3:+"$3"}) || exit 1
    echo "$rps $p99 $(awk -v ns=$((after - before)) -v n=$REQUESTS 'BEGIN { printf "%.3f", ns / n / 1000 }')"
}

bench_redis() {
    local -A ports=() pids=()
    local round haproxy=''
    has redis || return 0
    title "redis-benchmark -c 50 GET, the shim in redis-server"
    runs_new
    redis_start native native
    redis_start idle under ""
    redis_start never under "error:call=read,errno=ECONNRESET,$never"
    redis_start other under "$latency"
    ! has libfiu || redis_start libfiu under_libfiu --
    ! has haproxy || haproxy_start "${ports[native]}"
    for round in 1 2 3 4 5 6 7; do
        run_in native redis_once native
        run_in idle redis_once idle
        run_in never redis_once never
        run_in other redis_once other
        ! has libfiu || run_in libfiu redis_once libfiu
        [ -z "$haproxy" ] || run_in haproxy redis_once native "$haproxy_port" "$haproxy"
    done
    redis_rows "requests a second" 1/s 1
    redis_rows "p99" ms 2
    redis_rows "processor time a request" us 3
}

# The ratio is the middle one of the runs' own: both were made in the same seconds.
redis_rows() { # NAME UNIT COLUMN
    local goals=("" "0.99 >= 0.99" "1.05 native + 5%" "1.02 native + 2%") higher=''
    [ "$3" != 1 ] || higher=yes
    peer[libfiu]=$(middle_of libfiu "$3") peer[haproxy]=$(middle_of haproxy "$3")
    redis_row "$1: idle" "$2" idle "$3" "${goals[$3]%% *}" "${goals[$3]#* }"
    redis_row "$1: read armed, p=0" "$2" never "$3"
    redis_row "$1: another target armed" "$2" other "$3"
}
redis_row() { # NAME UNIT WAY COLUMN [LIMIT GOAL]
    local paired
    paired=$(ratio_of native "$3" "$4")
    row "$1" "$2" "$(middle_of native "$4")" "$(middle_of "$3" "$4")" ${5:+"$paired" "$5" "$6"}
}
