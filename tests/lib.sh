# For tests written in shell: sourced, never run.  Each check prints one TAP line.
#
#   plan N                      how many checks follow
#   ok NAME COMMAND...          passes when the command exits 0
#   is NAME GOT WANTED          passes when both are the same text
#   like NAME GOT ERE           passes when the text matches
#   skip N REASON               N checks that cannot run, and why
#   free_port                   prints a TCP port of 127.0.0.1 that nothing listens on
#   wait_for SECONDS COMMAND... until it succeeds; fails when the time is over
#   background COMMAND...       starts it, notes it, and ends it when the test ends; its pid is in $last
#   child_of PID                prints the pid of its first child
#   has_shim PID                has the process our shim mapped?
#   ordinary_user               makes $HOME_DIR, a folder of an ordinary user with chaosctl and the shim in it; fails
#                               with its reason in $why
#   as_user COMMAND...          runs it as that user (the present one unless that is root)
set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
CHAOSCTL=$BUILD/chaosctl
SHIM=$BUILD/libchaosctl.so
TMP=$(mktemp -d)
# Nothing of the user's own is read or written.
export XDG_STATE_HOME=$TMP/state XDG_RUNTIME_DIR=$TMP/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
count=0
children=()

finish() {
    local pid
    for pid in ${children[@]+"${children[@]}"}; do
        kill "$pid" 2>/dev/null
    done
    for pid in ${children[@]+"${children[@]}"}; do
        wait_for 5 gone "$pid" || kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$TMP" ${HOME_DIR:+"$HOME_DIR"}
}
trap finish EXIT

plan() { echo "1..$1"; }
result() { # STATUS NAME
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}
ok() {
    local name=$1
    shift
    "$@"
    result $? "$name"
}
is() {
    [ "$2" = "$3" ]
    local status=$?
    result $status "$1"
    [ $status -eq 0 ] || printf '# got:    %s\n# wanted: %s\n' "$2" "$3"
}
like() {
    grep -qE -- "$3" <<<"$2"
    local status=$?
    result $status "$1"
    [ $status -eq 0 ] || printf '# got:    %s\n# wanted: /%s/\n' "$2" "$3"
}
skip() {
    local i
    for ((i = 0; i < $1; i++)); do
        count=$((count + 1))
        echo "ok $count # SKIP $2"
    done
}
gone() { ! kill -0 "$1" 2>/dev/null; }
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}
free_port() { /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
background() {
    "$@" &
    last=$!
    children+=("$last")
}
child_of() {
    local children
    children=$(cat "/proc/$1/task/$1/children") && [ -n "$children" ] && echo "${children%% *}"
}
has_shim() { grep -q '/libchaosctl\.so' "/proc/$1/maps"; }
ordinary_user() {
    HOME_DIR=$(mktemp -d)
    mkdir -m 700 "$HOME_DIR/runtime" "$HOME_DIR/state"
    cp "$CHAOSCTL" "$SHIM" "$HOME_DIR" || { why="not built"; return 1; }
    [ "$(id -u)" -eq 0 ] || return 0
    command -v setpriv >/dev/null || { why="root, and no setpriv to become somebody else"; return 1; }
    chown -R nobody "$HOME_DIR" || { why="root, and there is no user nobody"; return 1; }
    as_user true || { why="root, and cannot become nobody"; return 1; }
}
as_user() {
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
    ${as[@]+"${as[@]}"} env HOME="$HOME_DIR" XDG_STATE_HOME="$HOME_DIR/state" XDG_RUNTIME_DIR="$HOME_DIR/runtime" "$@"
}
