"""stream_multi.py select|epoll SLOW SILENT FAST: what libcurl's multi interface sees of three servers, one 300 ms away, one
silent, one healthy, all in one loop; a line `KEY VALUE` each, times in milliseconds."""
import io
import select
import sys
import time

import pycurl

loop, ports = sys.argv[1], dict(zip(("slow", "silent", "fast"), sys.argv[2:]))
SLOW_TRANSFERS = 20


class Loop:
    """Transfers that each say what to do when they are done: done(transfer, libcurl's error number)."""

    def __init__(self):
        self.multi = pycurl.CurlMulti()
        self.running = {}

    def add(self, port, done, path="/", **options):
        easy = pycurl.Curl()
        easy.body = io.BytesIO()
        easy.setopt(pycurl.URL, f"http://127.0.0.1:{ports[port]}{path}")
        easy.setopt(pycurl.WRITEDATA, easy.body)
        for name, value in options.items():
            easy.setopt(getattr(pycurl, name), value)
        self.running[easy] = done
        self.multi.add_handle(easy)

    def collect(self):
        _, ended, failed = self.multi.info_read()
        for easy, error in [(easy, 0) for easy in ended] + [(easy, error) for easy, error, _ in failed]:
            self.multi.remove_handle(easy)
            self.running.pop(easy)(easy, error)
        return len(ended) + len(failed)

    def run(self):
        while self.running:
            self.multi.perform()
            # What was added meanwhile has no socket yet to wait for.
            if not self.collect():
                self.multi.select(0.1)


class EventLoop(Loop):
    """As programs with a loop of their own drive it: libcurl says what to wait for and for how long."""

    EVENTS = {pycurl.POLL_IN: select.EPOLLIN, pycurl.POLL_OUT: select.EPOLLOUT,
              pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT}

    def __init__(self):
        super().__init__()
        self.set = select.epoll()
        self.known = set()
        self.due = None
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self.watch)
        self.multi.setopt(pycurl.M_TIMERFUNCTION, self.timer)

    def watch(self, what, fd, multi, data):
        if what == pycurl.POLL_REMOVE:
            self.known.discard(fd)
            try:
                self.set.unregister(fd)
            except OSError:
                pass  # closed already
        elif fd in self.known:
            self.set.modify(fd, self.EVENTS[what])
        else:
            self.known.add(fd)
            self.set.register(fd, self.EVENTS[what])

    def timer(self, ms):
        self.due = None if ms < 0 else time.monotonic() + ms / 1000

    def run(self):
        while self.running:
            left = 1 if self.due is None else max(0, self.due - time.monotonic())
            for fd, events in self.set.poll(min(left, 1)):
                mask = pycurl.CSELECT_IN if events & (select.EPOLLIN | select.EPOLLHUP) else 0
                mask |= pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
                mask |= pycurl.CSELECT_ERR if events & select.EPOLLERR else 0
                self.multi.socket_action(fd, mask)
            if self.due is not None and time.monotonic() >= self.due:
                self.due = None
                self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            self.collect()


def ms_of(easy):
    return round(1000 * easy.getinfo(pycurl.TOTAL_TIME))


curl = EventLoop() if loop == "epoll" else Loop()


def transfers(path, wanted):
    """As many at once: how many were right, the fastest, and all together."""
    times = []
    started = time.monotonic()

    def done(easy, error):
        if not error and easy.body.getvalue() == wanted:
            times.append(ms_of(easy))

    for _ in range(SLOW_TRANSFERS):
        curl.add("slow", done, path)
    curl.run()
    return len(times), min(times, default=-1), round(1000 * (time.monotonic() - started))


def tell(prefix, right, fastest, together):
    print(f"{prefix}_right {right}\n{prefix}_fastest {fastest}\n{prefix}_together {together}", flush=True)


tell("first", *transfers("/", b"here\n"))
tell("again", *transfers("/", b"here\n"))  # over the connections that there are
tell("file", *transfers("/file", b"0123456789" * 10000))

silent = []
fast = 0


def gave_up(easy, error):
    silent.append((error, ms_of(easy)))


def and_the_next(easy, error):
    global fast
    fast += not error and easy.body.getvalue() == b"here\n"
    if not silent:
        curl.add("fast", and_the_next)


curl.add("silent", gave_up, TIMEOUT_MS=700)
curl.add("fast", and_the_next)
curl.run()
print(f"silent {silent[0][0]}\nsilent_ms {silent[0][1]}\nmeanwhile {fast}")
