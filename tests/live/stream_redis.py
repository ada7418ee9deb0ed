"""stream_redis.py SLOW FAST: what redis-py sees when the Redis at port SLOW becomes slow by 300 ms for a while, and the
one at FAST is slow by 50 ms; a line `KEY VALUE` each, times in milliseconds."""
import sys
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

slow, fast = int(sys.argv[1]), int(sys.argv[2])


def ms_of(do):
    """What it returns, or the name of its error; and how long it took."""
    started = time.monotonic()
    try:
        what = do()
    except redis.RedisError as error:
        what = type(error).__name__
    return what, round(1000 * (time.monotonic() - started))


def tell(key, value):
    print(key, "PONG" if value is True and "right" not in key else value, flush=True)


def until(holds):
    """Ask until the time that an answer takes is as wanted; that time."""
    for _ in range(300):
        what, ms = ms_of(client.ping)
        if holds(ms):
            return what, ms
        time.sleep(0.05)
    return "never", 99999


client = redis.Redis(port=slow)
impatient = redis.Redis(port=slow, socket_timeout=0.1, socket_connect_timeout=5)
tell("before", client.ping())
impatient.mset({"key-1": "value-1", "key-2": "value-2"})

tell("established", until(lambda ms: ms >= 250)[1])
what, ms = ms_of(lambda: impatient.get("key-1"))
tell("impatient", what)
tell("impatient_ms", ms)
patient = redis.Redis(port=slow, socket_timeout=5)
tell("fresh", ms_of(patient.ping)[1])
tell("next", patient.get("key-2").decode())
pipe = patient.pipeline(transaction=False)
for i in range(100):
    pipe.echo(f"{i}")
answers, ms = ms_of(pipe.execute)
tell("pipeline", ms)
tell("pipeline_right", answers == [b"%d" % i for i in range(100)])
stubborn = redis.Redis(port=slow, socket_timeout=0.1, socket_connect_timeout=5, retry=Retry(NoBackoff(), 2),
                       retry_on_timeout=True)
what, ms = ms_of(stubborn.ping)  # three times: it connects, asks, and gives up
tell("retried", what)
tell("retried_ms", ms)

brisk = redis.Redis(port=fast, socket_timeout=0.3, socket_connect_timeout=5)
brisk.ping()
what, ms = ms_of(brisk.ping)
tell("patient", ms)
tell("patient_what", what)

what, ms = until(lambda ms: ms < 150)
tell("lifted", what)
tell("lifted_ms", ms)
