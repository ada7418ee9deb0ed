# The table of `make bench`: sourced by bench/run.
#
#   fail WORDS...               ends the benchmark: a program failed to run
#   under SPECS COMMAND...      runs it under chaosctl with those faults, one a line; none: idle
#   native COMMAND...           runs it as it is
#   least|middle NUMBER...
#   ratio A B                   B / A, or - where one of them is -
#   title WORDS...              of the section that follows
#   peer[NAME]=FIGURE           beside the next row
#   row NAME UNIT NATIVE CHAOSCTL [JUDGED LIMIT GOAL]     '-' is none
#   higher=yes row ...          the limit is the least that meets the goal, not the most
#   paired=RATIO row ...        in place of that of the two figures
PEERS=(libfiu strace haproxy toxiproxy)
declare -A peer=()
rows=$(mktemp)

fail() {
    echo "bench: $*" >&2
    exit 1
}
under() {
    local spec specs=()
    while read -r spec; do
        [ -z "$spec" ] || specs+=(--fault "$spec")
    done <<<"$1"
    "$BUILD/chaosctl" exec --quiet ${specs[@]+"${specs[@]}"} -- "${@:2}" || fail "$2 failed under ${1:-no fault}"
}
native() { "$@" || fail "$1 failed"; }
least() { tr ' ' '\n' <<<"$*" | sort -g | head -1; }
middle() { tr ' ' '\n' <<<"$*" | sort -g | sed -n $((($# + 1) / 2))p; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a - b }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a + 0 > 0 && b != "-") printf "%.3f", b / a; else print "-" }'; }

text_line() { printf '%-47s %-5s %9s %9s %9s %9s %9s %9s %7s  %-18s %s\n' "$@"; }
title() {
    printf '#\t%s\n' "$*" >>"$rows"
    [ "$format" != text ] || { echo && text_line "$*" unit native chaosctl "${PEERS[@]}" ratio goal verdict; }
}
row() {
    local cells=() name verdict=- goal=${7:--}
    for name in "${PEERS[@]}"; do
        cells+=("${peer[$name]:--}")
    done
    peer=()
    if [ $# -eq 7 ]; then
        verdict=$(awk -v got="$5" -v limit="$6" -v higher="${higher:-}" \
            'BEGIN { if (got == "-") print "-"; else print (higher ? got + 0 >= limit + 0 : got + 0 <= limit + 0) ? "met" : "MISSED" }')
    fi
    set -- "$1" "$2" "$3" "$4" "${cells[@]}" "${paired:-$(ratio "$3" "$4")}" "$goal" "$verdict"
    (IFS=$'\t' && echo "$*") >>"$rows"
    [ "$format" != text ] || text_line "$@"
}

# --- what was measured on what ---

processor() { sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -1; }
system() { (. /etc/os-release && echo "$PRETTY_NAME"); }
libc() { ldd --version | sed -n '1s/.* //p'; }
memory_gib() { awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo; }
load() { cut -d' ' -f1-3 /proc/loadavg; }
machine() {
    echo "$(nproc) processors ($(processor)), $(memory_gib) GiB, Linux $(uname -r | sed 's/-.*//'), $(system), glibc $(libc)"
}

markdown() {
    echo "Machine: $(machine). Load before the run: $load_before; after: $(load)."
    awk -F'\t' -v peers="${PEERS[*]}" '
        BEGIN { gsub(" ", " | ", peers) }
        $1 == "#" {
            printf "\n| %s | unit | native | chaosctl | %s | ratio | goal | verdict |\n|---|---|%s\n", $2, peers, \
                "---|---|---|---|---|---|---|---|---|"
            next
        }
        { gsub(/\t/, " | "); print "| " $0 " |" }' "$rows"
}

json() {
    awk -F'\t' -v peers="${PEERS[*]}" -v machine="$(machine)" -v before="$load_before" -v after="$(load)" '
        function text(s) { gsub(/["\\]/, "\\\\&", s); return s == "-" ? "null" : "\"" s "\"" }
        function number(s) { return s == "-" || s == "" ? "null" : s + 0 }
        BEGIN {
            split("figure unit native chaosctl " peers " ratio goal verdict", names, " ")
            printf "{\"machine\": %s, \"load_before\": %s, \"load_after\": %s, \"figures\": [", text(machine), text(before), text(after)
        }
        $1 == "#" { section = $2; next }
        {
            printf "%s\n {\"section\": %s", comma, text(section)
            comma = ","
            for (i = 1; i <= NF; i++)
                printf ", \"%s\": %s", names[i], (i < 3 || i > NF - 2 ? text($i) : number($i))
            printf "}"
        }
        END { print "\n]}" }' "$rows"
}

# --- several runs of several ways, in turn, so that a slow minute of the machine meets all alike ---
#
#   runs_new                    forgets those of before
#   run_in WAY COMMAND...       what the command prints is a line of the way's runs
#   least_of|middle_of WAY [COLUMN]       over its runs; - without any
#   ratio_of WAY OTHER [COLUMN]           the middle of OTHER / WAY, run by run
runs_new() { rm -rf "$scratch/runs" && mkdir "$scratch/runs"; }
run_in() {
    local line
    line=$("${@:2}") || exit 1
    [ -n "$line" ] || fail "no figure of $1"
    echo "$line" >>"$scratch/runs/$1"
}
column() { awk -v at="${2:-1}" '{ print $at }' "$scratch/runs/$1" 2>/dev/null; }
least_of() { if [ -e "$scratch/runs/$1" ]; then least $(column "$@"); else echo -; fi; }
middle_of() { if [ -e "$scratch/runs/$1" ]; then middle $(column "$@"); else echo -; fi; }
ratio_of() { middle $(paste <(column "$1" "${3:-1}") <(column "$2" "${3:-1}") | awk '{ printf "%.3f\n", $2 / $1 }'); }
