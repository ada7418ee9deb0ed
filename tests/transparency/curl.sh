# curl's own tests: a server for each protocol, in Perl and C, and the tool that was built from the source.

curl_ready() {
    needs_programs make cc perl pkg-config || return 1
    pkg-config --exists openssl 2>/dev/null || { why="no OpenSSL to build with: apt-get install libssl-dev"; return 1; }
    source_get curl && build_once curl curl_build && lent curl
}
curl_build() {
    ./configure --with-openssl --disable-ldap --without-libpsl --without-brotli --without-zstd --without-nghttp2 &&
        make -j2 && make -C tests -j2
}

# By hundreds, so that what differs can be run again.
curl_units() { seq 1 100 1401; }

curl_unit() { # WAY UNIT
    local last=$((${2} + 99))
    cd "$lent/tests" && way "$1" env LC_ALL=C perl runtests.pl -a -n "$2" to $last 2>&1 |
        sed -nE 's/^test ([0-9]+)\.\.\.\[.*/\1/p; s/^[^ ]* OK \(.*/OK/p; s/.*FAILED.*/FAILED/p' |
        awk '/^[0-9]+$/ { test = $1; next } test != "" { print test "\t" ($0 == "OK" ? "ok" : "failed"); test = "" }'
}
