# The peers of `make bench`, from Debian's packages but for Toxiproxy: sourced by bench/run.
#
#   peers_find                  says which are not there, and how to get them
#   has NAME
#   under_libfiu [POINT...] -- COMMAND...    each failure point enabled with probability 0
#   under_strace CALLS COMMAND...            each of the calls is stopped at, and a delay of nothing injected
#   haproxy_start PORT          in TCP mode before that port; its own into $haproxy_port, its pid into $haproxy
#   toxiproxy_start TARGET      into $toxiproxy, $toxiproxy_port
#   toxic TYPE ATTRIBUTE VALUE  in place of the one before
toxiproxy='' haproxy=''

has() {
    case $1 in
    libfiu) command -v fiu-run ;;
    strace) command -v strace ;;
    haproxy) command -v haproxy || [ -x /usr/sbin/haproxy ] ;;
    redis) command -v redis-benchmark && command -v redis-server ;;
    valgrind) command -v valgrind ;;
    toxiproxy) [ -x "${TOXIPROXY:-}" ] ;;
    esac >/dev/null 2>&1
}

peers_find() {
    local packages=() name
    for name in libfiu:fiu-utils strace:strace haproxy:haproxy redis:redis-server valgrind:valgrind; do
        has "${name%:*}" || packages+=("${name#*:}")
    done
    [ ${#packages[@]} -eq 0 ] ||
        echo "Not measured for want of a program: apt-get install --no-install-recommends ${packages[*]}" >&2
    has toxiproxy || echo "No Toxiproxy: TOXIPROXY=/path/to/toxiproxy-server names none (Debian has no package of it)." >&2
}

under_libfiu() {
    local points=()
    while [ "$1" != -- ]; do
        points+=(-c "enable_random name=$1,probability=0")
        shift
    done
    fiu-run -x -f "" ${points[@]+"${points[@]}"} "${@:2}" || fail "$2 failed under libfiu"
}

under_strace() {
    local mode=()
    # It cannot filter in the kernel where it may not trace from the start.
    strace -f --seccomp-bpf -e trace=close -o /dev/null true 2>/dev/null && mode=(--seccomp-bpf)
    strace -f -qq ${mode[@]+"${mode[@]}"} -o /dev/null -e trace="$1" -e inject="$1:delay_enter=0" "${@:2}" ||
        fail "$2 failed under strace"
}

free_port() { /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
await_port() {
    local left=200
    until listening "$1"; do
        [ $((left--)) -gt 0 ] || fail "nothing listens on port $1"
        sleep 0.05
    done
}

haproxy_start() {
    haproxy_port=$(free_port)
    cat >"$scratch/haproxy.cfg" <<END
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen bench
    bind 127.0.0.1:$haproxy_port
    server dependency 127.0.0.1:$1
END
    PATH=$PATH:/usr/sbin haproxy -db -f "$scratch/haproxy.cfg" >/dev/null 2>&1 &
    haproxy=$!
    started+=("$haproxy")
    await_port "$haproxy_port"
}

# Written after Toxiproxy 2's HTTP interface, and not run against it yet.
toxiproxy_start() {
    local port
    port=$(free_port) toxiproxy_port=$(free_port)
    api=http://127.0.0.1:$port/proxies
    "$TOXIPROXY" -host 127.0.0.1 -port "$port" >/dev/null 2>&1 &
    toxiproxy=$!
    started+=("$toxiproxy")
    await_port "$port"
    post "$api" "{\"name\": \"bench\", \"listen\": \"127.0.0.1:$toxiproxy_port\", \"upstream\": \"$1\"}" ||
        fail "Toxiproxy takes no proxy"
}
post() { curl -sf -o /dev/null -d "$2" "$1"; }
toxic() {
    curl -s -o /dev/null -X DELETE "$api/bench/toxics/it"
    post "$api/bench/toxics" "{\"name\": \"it\", \"type\": \"$1\", \"attributes\": {\"$2\": $3}}" || fail "no toxic $1"
}
