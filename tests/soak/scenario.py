"""The scenario of tests/soak/run: scenario.py SEED CELLS HOLD_MS PORTS... > soak.yml

redis, nginx (before a second nginx) and PostgreSQL under faults that are drawn from the seed, one cell after the
other, the same processes throughout.  The steady state asks each of them, and no answer may be wrong outside a fault's
window.  Behind each recovery tests/soak/sample counts what the servers hold.
"""
import json
import random
import sys

seed, cells, hold_ms = (int(word) for word in sys.argv[1:4])
redis, web, behind, sql = (int(word) for word in sys.argv[4:8])
draw = random.Random(seed)
SERVERS = ("redis", "behind", "web", "sql")


def on_stream(target, direction):
    """Any fault on what flows, with keys that are drawn."""
    after = f"{draw.choice([1, 20, 512, 4096, 100000])}B"
    kind, keys = draw.choice([
        ("latency", {"delay": f"{draw.randint(50, 300)}ms", "jitter": f"{draw.randint(1, 50)}ms"}),
        ("bandwidth", {"rate": f"{draw.choice([2, 20, 200])}kB/s"}),
        ("blackhole", {}),
        ("reset", {}),
        ("reset", {"after": after}),
        ("reset", {"after": f"{draw.randint(1, 200)}ms"}),
        ("truncate", {"after": after}),
        ("slice", {"size": f"{draw.choice([1, 7, 100])}B"}),
        ("corrupt", {"probability": f"{draw.randint(1, 100)}%"}),
    ] + [
        ("refuse", {}), ("outage", {}), ("unreachable", {}), ("drop_response", {}),
    ] * (direction == "outbound"))
    return kind, {"target": target, "direction": direction, "hits": "0", **keys}


def on_process():
    return "pause", {"in": draw.choice(["redis", "web", "behind"]), "hits": "0", "for": f"{draw.randint(50, 500)}ms"}


def fault():
    if draw.random() < 0.1:
        kind, keys = on_process()
    else:
        kind, keys = on_stream(*draw.choice(
            [("cache", "inbound"), ("web", "inbound"), ("behind", "outbound"), ("behind", "inbound"), ("sql", "inbound")]))
    if draw.random() < 0.3 and kind != "pause":
        keys.update(start=f"{draw.randint(0, hold_ms // 2)}ms", **{"for": f"{draw.randint(20, hold_ms)}ms"})
    return {kind: keys}


def nginx(name):
    return ["nginx", "-p", name, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"]


json.dump({
    "version": 1,
    "name": "soak",
    "seed": seed,
    "services": {
        "redis": {"run": ["redis-server", "--bind", "127.0.0.1", "--port", str(redis), "--save", "", "--dir", "."],
                  "ready": {"tcp": f"127.0.0.1:{redis}", "within": "20s"}},
        "behind": {"run": nginx("behind"), "ready": {"tcp": f"127.0.0.1:{behind}", "within": "20s"}},
        "web": {"run": nginx("web"), "ready": {"tcp": f"127.0.0.1:{web}", "within": "20s"}},
        "sql": {"run": ["./postgres"], "ready": {"tcp": f"127.0.0.1:{sql}", "within": "30s"}},
    },
    "dependencies": {name: {"tcp": f"127.0.0.1:{port}"}
                     for name, port in (("cache", redis), ("web", web), ("behind", behind), ("sql", sql))},
    "probes": {
        "page": {"http": {"get": f"http://127.0.0.1:{web}/page", "timeout": "5s", "headers": {"Connection": "close"}}},
        "ping": {"exec": ["redis-cli", "-p", str(redis), "ping"], "timeout": "5s", "expect": {"stdout": "^PONG"}},
        "query": {"exec": ["./query", "SELECT 6 * 7"], "timeout": "10s", "expect": {"stdout": "^42"}},
    },
    "load": {"pages": {"probe": "page", "rate": "10/s"}, "pings": {"probe": "ping", "rate": "2/s"},
             "queries": {"probe": "query", "rate": "2/s"}},
    "steady_state": [
        {"load": "pages", "expect": {"success": ">= 100%"}, "min_samples": 5},
        {"load": "pings", "expect": {"success": ">= 100%"}, "min_samples": 1},
        {"load": "queries", "expect": {"success": ">= 100%"}, "min_samples": 1},
    ],
    "stop_when": [{"service": name, "expect": {"alive": False}} for name in SERVERS],
    "defaults": {"baseline": {"for": "1s", "within": "30s"}, "hold": f"{hold_ms}ms", "isolation": "shared",
                 "recovery": {"within": "30s", "stable_for": "1s"}},
    "experiments": [
        {"name": f"soak {i}", "faults": [fault() for _ in range(draw.randint(1, 3))],
         "during": [{"service": name, "expect": {"alive": True}} for name in SERVERS],
         "after": [{"exec": ["./sample"], "timeout": "40s", "expect": {"exit": 0}}]}
        for i in range(cells)
    ],
}, sys.stdout, indent=1)
