"""The field's ordinary means, each in a few lines or from a library."""
import collections
import contextvars
import selectors
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import circuitbreaker
import psycopg2
import psycopg2.extensions
import redis
import requests
import requests.adapters
import tenacity

import config
import observe

HTTP_TIMEOUT = 0.5  # seconds, for connecting and for each read
REDIS_TIMEOUT = 0.2
DATABASE_TIMEOUT = 0.8
BREAKER = {"failure_threshold": 3, "recovery_timeout": 1}

flags = collections.defaultdict(lambda: True)  # a dependency's name: may it be called?


class Unavailable(Exception):
    """A dependency cannot be used now, for whatever reason; the reason has been logged and counted."""

    def __init__(self, dependency):
        super().__init__(dependency)
        self.dependency = dependency


class Off(Unavailable):
    """Somebody has switched it off."""


# --- clients with time-outs ---

http = requests.Session()
http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
redis_client = redis.Redis(host="127.0.0.1", port=config.port("redis"), socket_timeout=REDIS_TIMEOUT,
                           socket_connect_timeout=REDIS_TIMEOUT)


def wait_in_time(connection):
    """libpq has no time-out for an answer; psycopg2 lets us do the waiting, for connecting too."""
    deadline = time.monotonic() + DATABASE_TIMEOUT
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        event = selectors.EVENT_READ if state == psycopg2.extensions.POLL_READ else selectors.EVENT_WRITE
        with selectors.PollSelector() as selector:
            selector.register(connection.fileno(), event)
            if not selector.select(max(0, deadline - time.monotonic())):
                raise psycopg2.OperationalError(f"no answer in {DATABASE_TIMEOUT} s")


psycopg2.extensions.set_wait_callback(wait_in_time)
_local = threading.local()


def transaction(work, server="postgres"):
    """work(cursor) in a transaction, on a connection of this thread; one that failed is not used again."""
    connections = _local.__dict__
    try:
        if server not in connections:
            connections[server] = psycopg2.connect(config.dsn(server))
        with connections[server] as connection, connection.cursor() as cursor:
            return work(cursor)
    except psycopg2.Error:
        connections.pop(server, None)
        raise


# --- calling a dependency ---

FAILURES = (OSError, ValueError, requests.RequestException, redis.RedisError, psycopg2.Error)
breakers = {name: circuitbreaker.CircuitBreaker(name=name, expected_exception=FAILURES, **BREAKER)
            for name in [*config.PARTS, "auth", "provider", "postgres", "replica", "redis"]}
trials = {name: threading.Lock() for name in breakers}


def call(dependency, function, tries=2):
    """function(), behind a switch and a circuit breaker; tried again a little later, but never for long."""
    if not flags[dependency]:
        raise Off(dependency)
    breaker = breakers[dependency]
    retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(tries), reraise=True,
                                 wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.1),
                                 retry=tenacity.retry_if_exception_type(FAILURES))
    half_open = breaker.state == circuitbreaker.STATE_HALF_OPEN
    if half_open and not trials[dependency].acquire(blocking=False):
        refused(dependency, "circuit half open")  # one call tries; the others do not wait for it
    try:
        if half_open:
            observe.log("breaker_half_open", dependency=dependency)
        return breaker(lambda: retrying(function))()
    except circuitbreaker.CircuitBreakerError:
        refused(dependency, "circuit open")
    except FAILURES as error:
        refused(dependency, f"{type(error).__name__}: {error}".strip())
    finally:
        if half_open:
            trials[dependency].release()


def refused(dependency, reason):
    observe.failures.labels(dependency).inc()
    observe.log("dependency_failed", dependency=dependency, reason=reason[:200])
    raise Unavailable(dependency)


def late(dependency):
    """A call that its caller has given up counts as failed, too."""

    def give_up():
        raise TimeoutError("over the page's time budget")

    try:
        call(dependency, give_up, tries=1)
    except Unavailable:
        pass


# --- doing several things at once, or one thing only once ---

_pool = ThreadPoolExecutor(64)


def submit(function, *arguments):
    """In another thread, which logs with the same request's id."""
    return _pool.submit(contextvars.copy_context().run, function, *arguments)


_flights = collections.defaultdict(threading.Lock)


def flight(key):
    """Whoever holds it fetches; the others wait, or take what is there."""
    return _flights[key]


# --- rate limits ---


class Bucket:
    """A token bucket: `burst` at once, then `rate` a second."""

    def __init__(self, rate, burst):
        self.rate, self.burst, self.tokens, self.filled = rate, burst, burst, time.monotonic()

    def take(self):
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Buckets:
    """One for each client; the clients that are remembered are bounded, too."""

    def __init__(self, rate, burst, clients=1000):
        self.lock, self.buckets = threading.Lock(), collections.OrderedDict()
        self.rate, self.burst, self.clients = rate, burst, clients

    def take(self, client):
        with self.lock:
            bucket = self.buckets.setdefault(client, Bucket(self.rate, self.burst))
            self.buckets.move_to_end(client)
            if len(self.buckets) > self.clients:
                self.buckets.popitem(last=False)
            return bucket.take()
