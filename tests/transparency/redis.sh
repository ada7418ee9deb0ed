# redis's own tests in Tcl, with the installed redis-server in place of one that was built.

redis_ready() {
    local name
    needs_programs tclsh redis-server redis-cli redis-benchmark && source_get redis || return 1
    for name in redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb; do
        command -v $name >/dev/null || { why="no $name here"; return 1; }
        ln -sf "$(command -v $name)" "$KEEP/redis/src/$name"
    done
    lent redis
}

# Not those of a minute and more each.
redis_units() {
    local unit
    for unit in auth protocol keyspace scan info introspection introspection-2 limits multi networking other pause \
        pendingquerybuf pubsub querybuf quit replybufsize scripting shutdown slowlog tracking wait expire type/string \
        type/list type/hash type/set type/stream; do
        echo unit/$unit
    done
    for unit in aof block-repl logging psync2-reg rdb redis-cli redis-benchmark replication-3 replication-4 shutdown; do
        echo integration/$unit
    done
}

# A test may come several times, in one configuration and another or as often as chance has it: one failure is a failure.
redis_unit() { # WAY UNIT
    cd "$lent" && way "$1" timeout 280 tclsh tests/test_helper.tcl --single "$2" --clients 1 --baseport "$(free_base)" --portcount 500 2>&1 |
        sed -E 's/\x1b\[[0-9;]*m//g; s/ \([0-9]+ (ms|s|seconds)\)$//' |
        sed -nE 's/^\[ok\]: (.*)/\1\tok/p; s/^\[err\]: (.*) in tests.*/\1\tfailed/p; s/^\[exception\]: (.*)/\1\tfailed/p
                 s/^\[(skip|ignore)\]: (.*)/\2\tskipped/p' | tests_joined
}
free_base() { echo $((21111 + RANDOM % 8 * 1000)); }
tests_joined() {
    awk -F'\t' -v OFS='\t' '{ gsub(/[0-9]+\.[0-9]+|[0-9]{4,}/, "N", $1) }
        result[$1] != "failed" { result[$1] = $2 }
        END { for (name in result) print name, result[name] }'
}
