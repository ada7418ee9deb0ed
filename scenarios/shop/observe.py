"""One JSON object a line with the request's id, and Prometheus metrics."""
import contextvars
import json
import sys
import time

import prometheus_client as prometheus

request_id = contextvars.ContextVar("request_id", default="-")

requests = prometheus.Counter("shop_requests", "requests that were answered", ["route", "status"])
seconds = prometheus.Histogram("shop_request_seconds", "how long it took", ["route"])
failures = prometheus.Counter("shop_dependency_failures", "calls that failed", ["dependency"])
fallbacks = prometheus.Counter("shop_fallbacks", "answers from something else", ["dependency", "source"])


def log(event, **fields):
    line = {"time": round(time.time(), 3), "event": event, "request_id": request_id.get(), **fields}
    sys.stdout.write(json.dumps(line) + "\n")  # one write, so that threads do not mix
    sys.stdout.flush()
