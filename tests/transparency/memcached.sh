# memcached's own tests in Perl, which start the server that they ask.

memcached_parallel=yes # each test looks for a port
memcached_ready() {
    needs_programs make cc perl prove || return 1
    echo '#include <event.h>' | cc -E - >/dev/null 2>&1 || { why="no libevent: apt-get install libevent-dev"; return 1; }
    source_get memcached && build_once memcached memcached_build && lent memcached
}
memcached_build() { ./configure && make -j2; }

# Not those that look at the source or at the machine instead.
memcached_units() { (cd "$KEEP/memcached/t" && ls *.t | grep -vE '^(whitespace|chunked-extstore|extstore|ssl_|stress-|64bit)'); }

memcached_unit() { # WAY UNIT
    cd "$lent" && way "$1" timeout 120 perl "t/$2" 2>/dev/null | tap_results
}
