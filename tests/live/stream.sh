# For tests/live/stream_*.test: sourced after lib.sh.  Lower bounds are what was asked for; upper bounds leave room for a
# loaded machine, and still tell a program that goes on from one that was made to sleep.
#
#   between NAME LOW HIGH GOT   passes when GOT is a whole number and LOW <= GOT <= HIGH
#   value KEY                   the rest of the line of $out that begins with KEY
#   timed COMMAND...            runs it; milliseconds in $ms, exit code in $status, what it printed in $got
#   serve_files NAME PORT...    nginx, not injected, serving $TMP/NAME/www on these ports of 127.0.0.1
#   serve_redis PORT            redis-server, not injected
#   skip_without PROGRAM...     skips the whole test when one is missing
PATH=$PATH:/usr/sbin
PYTHON=/usr/bin/python3

between() {
    [[ $4 =~ ^[0-9]+$ ]] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]
    local status=$?
    result $status "$1"
    [ $status -eq 0 ] || printf '# got:    %s\n# wanted: %s..%s\n' "$4" "$2" "$3"
}
value() { sed -n "s/^$1 //p" <<<"$out" | head -1; }
now_ms() { date +%s%3N; }
timed() {
    local from
    from=$(now_ms)
    got=$("$@" 2>&1)
    status=$?
    ms=$(($(now_ms) - from))
}
skip_without() {
    local program
    for program; do
        command -v "$program" >/dev/null || { plan 1; skip 1 "no $program here"; exit 0; }
    done
}
serve_files() {
    local folder=$TMP/$1 listen="" port
    shift
    mkdir -p "$folder/www"
    for port; do listen+="listen 127.0.0.1:$port; "; done
    cat >"$folder/nginx.conf" <<CONF
user $(id -un) $(id -gn);
worker_processes 1;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
    server { $listen root $folder/www; location = / { return 200 "here\n"; } }
}
CONF
    background nginx -p "$folder" -c "$folder/nginx.conf" -g "daemon off;"
    for port; do wait_for 10 listening "$port"; done
}
serve_redis() {
    background redis-server --bind 127.0.0.1 --port "$1" --save '' --dir "$TMP" --loglevel warning >"$TMP/redis.$1.log" 2>&1
    wait_for 10 listening "$1"
}
