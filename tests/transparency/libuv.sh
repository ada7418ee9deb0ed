# libuv's own tests, each in a process of its own.

libuv_ready() {
    needs_programs cmake make cc && source_get libuv1 && build_once libuv1 libuv_build && lent libuv1
}
libuv_build() { cmake -S . -B built -DCMAKE_BUILD_TYPE=Release && make -C built -j2 uv_run_tests; }
libuv_units() { echo all; }

# Its servers have fixed ports, so one way after the other.
libuv_unit() { # WAY UNIT
    local only=''
    [ "$2" = all ] || only=$2
    cd "$lent" && way "$1" env RES_OPTIONS=attempts:0 UV_TEST_TIMEOUT_MULTIPLIER=2 built/uv_run_tests $only 2>/dev/null | tap_results
}
