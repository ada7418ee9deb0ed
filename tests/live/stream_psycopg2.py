"""stream_psycopg2.py CASE ADDRESS PORT: what psycopg2 sees of a PostgreSQL server behind a bad network; a line `KEY VALUE`
each, times in milliseconds.  The case's fault is named in stream_psycopg2.test."""
import select
import sys
import time

import psycopg2
from psycopg2 import extensions

case, address, port = sys.argv[1:]


def connect(**more):
    return psycopg2.connect(host=address, port=port, user="tester", dbname="postgres", sslmode="disable",
                            gssencmode="disable", **more)


def query(connection, text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone()[0]


def ms_of(do, *arguments, **named):
    """What it returns, or its error; and how long it took."""
    started = time.monotonic()
    try:
        what = do(*arguments, **named)
    except (psycopg2.Error, TimeoutError) as error:
        what = error
    return what, round(1000 * (time.monotonic() - started))


def tell(key, value):
    print(key, " ".join(str(value).split()), flush=True)


def slow_to_connect():
    error, ms = ms_of(connect, connect_timeout=2)
    tell("error", type(error).__name__)
    tell("message", error)
    tell("ms", ms)


def late():
    connection, ms = ms_of(connect)
    connection.autocommit = True
    tell("connected", ms)
    answer, ms = ms_of(query, connection, "SELECT 6 * 7")
    tell("answer", answer)
    tell("answer_ms", ms)
    rows, ms = ms_of(query, connection, "SELECT repeat('0123456789', 50000)")
    tell("bytes_right", rows == "0123456789" * 50000)
    tell("bytes_ms", ms)
    query(connection, "SELECT set_config('statement_timeout', '100ms', false)")
    answer, ms = ms_of(query, connection, "SELECT 6 * 8")
    tell("statement", answer)
    tell("statement_ms", ms)
    error, ms = ms_of(query, connection, "SELECT pg_sleep(20)")
    tell("cancelled", type(error).__name__)
    tell("cancelled_ms", ms)


def until(connection, holds):
    """Count up in the server until a statement is as wanted: what that was, and for how long it ran."""
    for number in range(1000):
        what, ms = ms_of(query, connection, f"SELECT {number}")
        if holds(what, ms):
            return what == number, what, ms
        time.sleep(0.02)
    return False, "never", -1


def silence_with_patience():
    connection = connect(options="-c statement_timeout=200ms", tcp_user_timeout=500)
    right, what, ms = until(connection, lambda what, ms: ms > 700)
    tell("right", right)
    tell("ms", ms)
    tell("next", query(connection, "SELECT 6 * 7"))


def wait_at_most(seconds):
    """A wait callback as programs on event loops have one, with a time-out of its own."""
    def wait(connection):
        end = time.monotonic() + seconds
        while (state := connection.poll()) != extensions.POLL_OK:
            left = max(0, end - time.monotonic())
            reads = [connection] if state == extensions.POLL_READ else []
            writes = [connection] if state == extensions.POLL_WRITE else []
            if not any(select.select(reads, writes, [], left)):
                raise TimeoutError
    return wait


def silence_with_a_callback():
    extensions.set_wait_callback(wait_at_most(1))
    connection = connect()
    _, what, ms = until(connection, lambda what, ms: isinstance(what, Exception))
    tell("error", type(what).__name__)
    tell("ms", ms)
    error, ms = ms_of(connect)
    tell("again", type(error).__name__)
    tell("again_ms", ms)
    for _ in range(20):
        fresh, ms = ms_of(connect)
        if not isinstance(fresh, Exception):
            tell("lifted", query(fresh, "SELECT 6 * 7"))
            break


def cut_off():
    connection = connect()
    _, what, ms = until(connection, lambda what, ms: isinstance(what, Exception))
    tell("error", isinstance(what, psycopg2.OperationalError))
    tell("message", what)
    tell("ms", ms)
    tell("closed", connection.closed != 0)
    tell("reconnected", query(connect(), "SELECT 6 * 7"))


def inbound():
    connection, ms = ms_of(connect)
    tell("connected", ms)
    answers, times = zip(*(ms_of(query, connection, f"SELECT {number}") for number in range(5)))
    tell("right", answers == (0, 1, 2, 3, 4))
    tell("fastest", min(times))
    right, _, _ = until(connection, lambda what, ms: ms < 200)
    tell("lifted", right)


globals()[case]()
