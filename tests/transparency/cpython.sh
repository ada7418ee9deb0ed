# CPython's tests of what talks to the system: Debian's libpython3.11-testsuite and its like.
cpython_parallel=yes # each test takes ports that are free

cpython_ready() {
    /usr/bin/python3 -c 'import test.test_socket, test.libregrtest' 2>/dev/null && return
    why="/usr/bin/python3 has no tests: apt-get install libpython3.11-testsuite, or of your version"
    return 1
}
cpython_units() {
    echo test_socket test_select test_selectors test_epoll test_poll test_asyncio test_subprocess test_ssl \
        test_socketserver test_signal test_posix test_os
}

# A unit is a file of tests and, after slashes, patterns of their names.
cpython_unit() { # WAY UNIT
    local patterns=() pattern match=()
    [[ $2 != */* ]] || IFS=/ read -r -a patterns <<<"${2#*/}"
    for pattern in ${patterns[@]+"${patterns[@]}"}; do
        match+=(-m "$pattern")
    done
    way "$1" env TMPDIR="$PWD" LC_ALL=C.UTF-8 /usr/bin/python3 -m test ${match[@]+"${match[@]}"} --junit-xml "$PWD/results.xml" \
        "${2%%/*}" >/dev/null 2>&1
    /usr/bin/python3 - results.xml <<'END'
import sys, xml.etree.ElementTree as tree
try:
    cases = tree.parse(sys.argv[1]).iter("testcase")
except (OSError, tree.ParseError):
    cases = []
for case in cases:
    kinds = {child.tag for child in case}
    result = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "ok"
    print(case.get("name").replace("\t", " ").replace("\n", " "), result, sep="\t")
END
}
