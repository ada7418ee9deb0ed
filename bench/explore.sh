# Exploring, of programs as Debian has them: sourced by bench/run.

explore_inputs() {
    cd "$1" || return
    seq 1 50 >numbers
    echo '{"a": [1, 2, {"b": "x"}]}' >data.json
    printf '<a><b c="1">t</b></a>' >data.xml
    git init -q repository 2>/dev/null && cd repository || return
    for i in 1 2 3; do
        echo "$i" >file
        git add file
        git -c user.email=a@example -c user.name=a commit -qm "commit $i"
    done
}

# Points and seconds of one exploration, its confirming runs included; nothing when the program is not there.
explore_one() { # COMMAND...
    local from to points
    command -v "$1" >/dev/null || return 0
    from=$EPOCHREALTIME
    "$BUILD/chaosctl" explore --budget 60s -- "$@" >"$scratch/explored" 2>/dev/null </dev/null
    to=$EPOCHREALTIME
    points=$(sed -nE 's/.*explored ([0-9]+) of .*/\1/p' "$scratch/explored")
    [ -n "$points" ] && awk -v n="$points" -v a="$from" -v b="$to" 'BEGIN { print n, b - a }'
}

bench_explore() {
    local name points seconds total=0 took=0 folder=$scratch/explore
    local -A commands=(
        [jq]='jq .a data.json' [xmllint]='xmllint --format data.xml' [sed]='sed s/1/2/ numbers' [sort]='sort numbers'
        [file]='file numbers data.xml' [tar]='tar cf - numbers data.xml' [curl]="curl -s file://$scratch/explore/numbers"
        [bash]='bash -c echo' [sqlite3]="sqlite3 :memory: 'create table t(a)'" [git]='git log'
    )
    title "Exploring: points a second, confirming runs included"
    mkdir "$folder"
    (explore_inputs "$folder") || fail "no inputs for exploring"
    for name in jq xmllint sed sort file tar curl bash sqlite3 git; do
        read -r points seconds < <(
            cd "$folder" && { [ $name != git ] || cd repository; } && eval "explore_one ${commands[$name]}"
        ) || continue
        row "$name, $points points" 1/s - "$(awk -v n="$points" -v s="$seconds" 'BEGIN { printf "%.0f", n / s }')"
        total=$((total + points)) took=$(awk -v a="$took" -v b="$seconds" 'BEGIN { print a + b }')
    done
    [ $total -gt 0 ] || return 0
    points=$(awk -v n="$total" -v s="$took" 'BEGIN { printf "%.0f", n / s }')
    higher=yes row "all of them, $total points" 1/s - "$points" "$points" 1200 "1200/s"
}
