"""peer_cases.py serve PORT: a server that does what a connection's first line tells it, and prints how those end that are
to stay idle: `idle NAME ERROR MS`.
peer_cases.py CASE PORT: a client of it; a line `KEY VALUE` each.  All times in milliseconds of the machine's monotonic
clock, which both share."""
import errno
import socket
import sys
import threading
import time

CHUNKS, CHUNK = 10, 20
case, port = sys.argv[1], int(sys.argv[2])


def now_ms():
    return round(1000 * time.monotonic())


def name_of(error):
    return errno.errorcode.get(error.errno, str(error))


def tell(key, value):
    """A line in one piece: several threads tell."""
    sys.stdout.write(f"{key} {value}\n")
    sys.stdout.flush()


# --- the server ---

def how_it_ends(connection):
    """EOF, bytes, or the name of an error."""
    try:
        return "bytes" if connection.recv(1) else "EOF"
    except OSError as error:
        return name_of(error)


def idle(connection, name):
    end = how_it_ends(connection)
    tell("idle", f"{name} {end} {now_ms()}")


def close(connection):
    pass


def answer(connection):
    """To one who has no more to say."""
    while connection.recv(1000):
        pass
    time.sleep(0.1)
    connection.sendall(b"0123456789" * 10000)


def chunks(connection):
    for _ in range(CHUNKS):
        connection.sendall(b"%*d" % (CHUNK, now_ms()))
        time.sleep(0.05)


def greet(connection):
    connection.sendall(b"." * 32)


def serve_one(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            return
        line += byte
    verb, *more = line.decode().split()
    {"idle": idle, "close": close, "answer": answer, "chunks": chunks, "greet": greet}[verb](connection, *more)
    connection.close()


def serve():
    with socket.create_server(("127.0.0.1", port), backlog=100) as listener:
        while True:
            connection, _ = listener.accept()
            tell("accepted", now_ms())
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


# --- its clients ---

def connect(line):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(line)
    return connection


def read_to_the_end(connection):
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def connecting():
    started = now_ms()
    connection = socket.create_connection(("127.0.0.1", port))
    tell("connect", now_ms() - started)
    connection.sendall(b"close\n")
    started = now_ms()
    tell("end", len(read_to_the_end(connection)))
    tell("end_ms", now_ms() - started)


def half_close():
    connection = connect(b"answer\n")
    started = now_ms()
    connection.shutdown(socket.SHUT_WR)
    tell("right", read_to_the_end(connection) == b"0123456789" * 10000)
    tell("ms", now_ms() - started)


def stacked():
    connection = connect(b"chunks\n")
    late = []
    for _ in range(CHUNKS):
        sent = int(connection.recv(CHUNK, socket.MSG_WAITALL))
        late.append(now_ms() - sent)
    tell("earliest", min(late))
    tell("earliest_of_the_last", min(late[CHUNKS // 2:]))


def refused():
    try:
        connect(b"close\n")
        tell("connect", "made")
    except OSError as error:
        tell("connect", name_of(error))


def cut_off():
    """One connection that somebody waits for, and one that nobody looks at."""
    waiting, neglected = connect(b"idle waiting\n"), connect(b"idle neglected\n")
    tell("waiting", how_it_ends(waiting))
    time.sleep(3)
    tell("looked", now_ms())
    tell("neglected", how_it_ends(neglected))


def decisions():
    """Threads that take turns, so that the order of their calls is always the same."""
    threads, rounds = 4, 15
    turns = [threading.Semaphore(0) for _ in range(threads)]
    seen = [[] for _ in range(threads)]

    def one_turn():
        try:
            with connect(b"greet\n") as connection:
                return read_to_the_end(connection).hex()
        except OSError as error:
            return name_of(error)

    def run(me):
        for _ in range(rounds):
            turns[me].acquire()
            seen[me].append(one_turn())
            turns[(me + 1) % threads].release()

    workers = [threading.Thread(target=run, args=(me,)) for me in range(threads)]
    for worker in workers:
        worker.start()
    turns[0].release()
    for worker in workers:
        worker.join()
    for me in range(threads):
        tell(f"thread {me}", " ".join(seen[me]))


{"serve": serve, "connecting": connecting, "half_close": half_close, "stacked": stacked, "refused": refused,
 "cut_off": cut_off, "decisions": decisions}[case]()
