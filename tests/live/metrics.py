"""Reads a page of metrics strictly and prints a value, for the tests: metrics.py FILE|URL EXPRESSION.

In the expression `value(NAME, LABEL=VALUE...)` is the one sample that fits, `families` the names that there are.  A page that
the strict reader of OpenMetrics (or of the older text format) refuses is an error.
"""
import sys
import urllib.request

from prometheus_client import parser as older
from prometheus_client.openmetrics import parser as newer


def fetch(where):
    if "://" not in where:
        with open(where, encoding="utf-8") as file:
            return file.read()
    accept = {} if where.endswith("#old") else {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    with urllib.request.urlopen(urllib.request.Request(where, headers=accept), timeout=10) as answer:
        return answer.read().decode("utf-8")


text = fetch(sys.argv[1])
is_new = text.endswith("# EOF\n")
families = {f.name: f for f in (newer if is_new else older).text_string_to_metric_families(text)}


def value(name, **labels):
    found = [s.value for f in families.values() for s in f.samples
             if s.name == name and all(s.labels.get(k) == v for k, v in labels.items())]
    if len(found) != 1:
        raise SystemExit(f"{len(found)} samples are {name} {labels}")
    return float(found[0])


print(eval(sys.argv[2]))
