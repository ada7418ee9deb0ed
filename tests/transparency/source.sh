# Debian's source packages, without a change to the system: sourced by tests/transparency/run.
#
#   source_get NAME             its unpacked source is $KEEP/NAME, already there or fetched now; fails with $why
#   needs_programs NAME...      fails with the first that is missing in $why

needs_programs() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null || { why="no $name here"; return 1; }
    done
}

# The system's own places, asked for sources, in a folder of our own.
apt_settle() {
    local list
    [ ! -e "$KEEP/apt/ready" ] || return 0
    mkdir -p "$KEEP/apt/parts" "$KEEP/apt/lists/partial" "$KEEP/apt/cache/archives/partial"
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -e "$list" ] || sed -n 's/^deb /deb-src /p' "$list" >"$KEEP/apt/parts/${list##*/}.list"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"$KEEP/apt/parts/${list##*/}"
    done
    apt_own apt-get update && touch "$KEEP/apt/ready"
}
apt_own() {
    "$1" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$KEEP/apt/parts" -o Dir::State::lists="$KEEP/apt/lists" \
        -o Dir::Cache="$KEEP/apt/cache" -o APT::Sandbox::User=root "${@:2}" >"$KEEP/apt/log" 2>&1
}

source_get() {
    [ ! -d "$KEEP/$1" ] || return 0
    needs_programs apt-get dpkg-source || return 1
    mkdir -p "$KEEP/apt" "$KEEP/fetched"
    apt_settle || { why="apt finds no list of sources ($KEEP/apt/log)"; return 1; }
    (cd "$KEEP/fetched" && apt_own apt-get source --download-only --only-source "$1") ||
        { why="apt has no source of $1 ($KEEP/apt/log)"; return 1; }
    dpkg-source -x "$KEEP/fetched/$1"_*.dsc "$KEEP/$1" >"$KEEP/apt/log" 2>&1 ||
        { why="the source of $1 does not unpack ($KEEP/apt/log)"; rm -rf "${KEEP:?}/$1"; return 1; }
}

# Builds in a source's folder, once; nobody may read what came of it.
build_once() { # NAME COMMAND...
    [ ! -e "$KEEP/$1/.built" ] || return 0
    (cd "$KEEP/$1" && "${@:2}") >"$KEEP/$1.log" 2>&1 || { why="$1 does not build ($KEEP/$1.log)"; return 1; }
    touch "$KEEP/$1/.built"
}

# A copy for nobody, who may write to it and has no way into our folders.
lent() { # NAME: its folder into $lent
    lent=$HOME_DIR/lent/$1
    [ ! -d "$lent" ] || return 0
    mkdir -p "$HOME_DIR/lent"
    cp -a "$KEEP/$1" "$lent"
    [ "$(id -u)" -ne 0 ] || chown -R nobody "$HOME_DIR/lent"
}

# Lines of TAP as results.
tap_results() {
    sed -nE 's/^not ok [0-9]+ -? *(.*)/\1\tfailed/p; t; s/^ok [0-9]+ -? *(.*[^ ]) *# *[Ss][Kk][Ii][Pp].*/\1\tskipped/p; t
             s/^ok [0-9]+ -? *(.*)/\1\tok/p'
}
