# chaosctl proxy before a server, beside haproxy in TCP mode: sourced by bench/run.

BULK=2000000000 # bytes

# Its API into $proxy_api, its own port before TARGET into $proxy_port, its pid into $proxy.
proxy_start() { # TARGET
    local port
    port=$(free_port) proxy_port=$(free_port)
    proxy_api=http://127.0.0.1:$port/proxies
    "$BUILD/chaosctl" proxy --listen "127.0.0.1:$port" 2>/dev/null &
    proxy=$!
    started+=("$proxy")
    await_port "$port"
    post "$proxy_api" "{\"name\": \"bench\", \"listen\": \"127.0.0.1:$proxy_port\", \"upstream\": \"$1\"}" ||
        fail "chaosctl proxy takes no proxy"
}

# Megabytes a second of one long answer.
bulk_rate() { awk -v ms="$(native "$bench/bulk" "$1" $BULK)" -v n=$BULK 'BEGIN { printf "%.0f\n", n / ms / 1000 }'; }

# With nothing else to be had for the two of them, a request goes through four sockets in place of two.
proxy_requests() {
    local -A ports=() pids=()
    local haproxy='' round
    has redis || return 0
    redis_start native native
    proxy_start "127.0.0.1:${ports[native]}"
    ! has haproxy || haproxy_start "${ports[native]}"
    for round in 1 2 3 4 5; do
        run_in native redis_once native
        run_in proxied redis_once native "$proxy_port" "$proxy"
        [ -z "$haproxy" ] || run_in haproxy redis_once native "$haproxy_port" "$haproxy"
    done
    proxy_rows "GET from 50 connections, idle" 1/s 1
    proxy_rows "the same: processor time of server and proxy" us 3
}

proxy_rows() { # NAME UNIT COLUMN: the goal is haproxy's figure
    local proxied peers higher=''
    proxied=$(middle_of proxied "$3")
    peers=$(has haproxy && middle_of haproxy "$3")
    peer[haproxy]=${peers:--}
    [ "$3" != 1 ] || higher=yes
    if [ -n "$peers" ]; then
        higher=$higher row "$1" "$2" "$(middle_of native "$3")" "$proxied" "$proxied" "$peers" "better than haproxy"
    else
        row "$1" "$2" "$(middle_of native "$3")" "$proxied"
    fi
}

bench_proxy() {
    local proxy proxy_port proxy_api haproxy='' haproxy_port kind sleep_median sleep_99 median p99 beside round
    title "chaosctl proxy, idle and with 100 ms (native: without; a plain sleep)"
    runs_new
    proxy_start "$target"
    ! has haproxy || haproxy_start "$port"
    for round in 1 2 3; do
        run_in native bulk_rate "$port"
        run_in proxied bulk_rate "$proxy_port"
        [ -z "$haproxy" ] || run_in haproxy bulk_rate "$haproxy_port"
    done
    proxy_rows "one long answer" MB/s 1
    runs_new
    proxy_requests
    proxy_start "$target"
    post "$proxy_api/bench/toxics" '{"type": "latency", "attributes": {"latency": 100}}' || fail "no toxic"
    for kind in 10 100; do
        exec {beside}< <(native "$bench/delay" sleep 0 "$kind" 1000 100)
        read -r median p99 < <(native "$bench/delay" level "$proxy_port" "$kind" 1000 100)
        read -r sleep_median sleep_99 <&"$beside"
        exec {beside}<&-
        row "100 ms, error, $kind connections: median" ms "$sleep_median" "$median" "$median" 0.3 "< 0.3 ms"
        row "100 ms, error, $kind connections: p99" ms "$sleep_99" "$p99" "$p99" 1 "< 1 ms"
    done
}
