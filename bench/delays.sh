# How exact faults are, and what they cost while they strike: sourced by bench/run.

# What the machine makes of a delay is measured in the same seconds: a clock_nanosleep in as many threads.  Ten
# connections, since a program that polls pays for each; what it pays for fifty is a line of its own.
delay_figures() { # KIND CONNECTIONS: into $sleep_median, $sleep_99, $median, $p99
    local beside
    p99='' sleep_99=''
    exec {beside}< <(native "$bench/delay" sleep 0 "$2" 1000 100)
    read -r median p99 < <(under "$latency" "$bench/delay" "$1" "$port" "$2" 1000 100)
    read -r sleep_median sleep_99 <&"$beside"
    exec {beside}<&-
    [ -n "$p99" ] && [ -n "$sleep_99" ] || fail "no figure for $1"
}

bench_delays() {
    local sleep_median sleep_99 median p99 proxied_median proxied_99 kind
    title "How exact 100 ms are (native: a plain sleep)"
    read -r median p99 < <(native "$bench/delay" blocking "$port" 1 1000 0)
    row "round trip, no fault: median" ms "$median" -
    ! has toxiproxy || toxic latency latency 100
    for kind in blocking poll level edge; do
        delay_figures $kind 10
        proxied_median=- proxied_99=-
        ! has toxiproxy || read -r proxied_median proxied_99 < <(native "$bench/delay" $kind "$toxiproxy_port" 10 1000 100)
        peer[toxiproxy]=$proxied_median
        row "100 ms, error, $kind: median" ms "$sleep_median" "$median" "$median" 0.3 "< 0.3 ms"
        peer[toxiproxy]=$proxied_99
        row "100 ms, error, $kind: p99" ms "$sleep_99" "$p99" "$p99" 1 "< 1 ms"
    done
    delay_figures poll 50
    row "100 ms, error, poll of 50: median" ms "$sleep_median" "$median"
}

# The proxy's second of warming up is counted with its three others.
proxied_loop() { # PORT PID: of the proxy
    local before stall cpu count
    before=$(awk '{ print $14 + $15 }' "/proc/$2/stat")
    read -r stall cpu count < <(native "$bench/loop" "$1" 2000)
    awk -v stall="$stall" -v own="$cpu" -v n="$count" -v hz="$(getconf CLK_TCK)" \
        -v ticks=$(($(awk '{ print $14 + $15 }' "/proc/$2/stat") - before)) \
        'BEGIN { printf "%s %.2f", stall, own + ticks / hz * 1e6 * 3 / 4 / n }'
}

# Of three runs the middle one: a single lost time slice is the longest stall of any run.  What a proxy takes is
# measured with our own, which Toxiproxy's clients drive, and with Toxiproxy where there is one.
bench_loop() {
    local stall cpu proxy proxy_port proxy_api
    title "2,000 connections under 100 ms, one epoll loop"
    runs_new
    proxy_start "$target"
    api=$proxy_api toxic latency latency 100
    for _ in 1 2 3; do
        run_in native native "$bench/loop" "$port" 2000
        run_in held under "$latency" "$bench/loop" "$port" 2000
        run_in relayed proxied_loop "$proxy_port" "$proxy"
        ! has toxiproxy || run_in proxied proxied_loop "$toxiproxy_port" "$toxiproxy"
    done
    stall=$(middle_of held 1) cpu=$(middle_of held 2)
    peer[toxiproxy]=$(middle_of proxied 1)
    row "longest stall" ms "$(middle_of native 1)" "$stall" "$stall" 10 "< 10 ms"
    peer[toxiproxy]=$(middle_of proxied 2)
    row "processor time a request" us "$(middle_of native 2)" "$cpu" "$cpu" "$(middle_of relayed 2)" \
        "below client and chaosctl proxy"
    row "client and chaosctl proxy: longest stall" ms "$(middle_of native 1)" "$(middle_of relayed 1)"
    row "client and chaosctl proxy: processor time a request" us "$(middle_of native 2)" "$(middle_of relayed 2)"
}

bench_bulk() {
    local plain held rate error through_rate
    title "Bulk"
    plain=$(native "$bench/bulk" "$port" 1000000) || exit 1
    held=$(under "$latency" "$bench/bulk" "$port" 1000000) || exit 1
    ! has toxiproxy || toxic latency latency 100
    ! has toxiproxy || peer[toxiproxy]=$(native "$bench/bulk" "$toxiproxy_port" 1000000) || exit 1
    row "1 MB through 100 ms" ms "$plain" "$held" "$held" 600 "< 600 ms"
    rate=$(under "bandwidth:target=$target,rate=1MB/s" "$bench/bulk" "$port" 20000000 5) || exit 1
    if has toxiproxy; then
        toxic bandwidth rate 1000 # in kB/s
        through_rate=$(native "$bench/bulk" "$toxiproxy_port" 20000000 5) || exit 1
        peer[toxiproxy]=$(off_rate "$through_rate")
    fi
    error=$(off_rate "$rate")
    row "1 MB/s over 5 s: error" % - "$error" "${error#-}" 2 "within 2%"
}
off_rate() { less "$(awk -v rate="$1" 'BEGIN { print rate / 1e4 }')" 100; }
