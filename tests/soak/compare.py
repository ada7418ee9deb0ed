"""What grew: compare.py fds|threads|memory < samples.  Prints nothing when nothing did.

Descriptors and threads: the lowest of the last quarter against the lowest of the first but for the warm-up, with room for
chaosctl's own questions, which go on during a count.  Memory: the same with the middle ones, and room for what an
allocator keeps.
"""
import statistics
import sys

COLUMN = {"fds": 2, "threads": 3, "memory": 4}
MEMORY_ROOM_KIB = 3072
QUESTIONS = {"fds": 2, "threads": 0}

column = COLUMN[sys.argv[1]]
servers = {}
for line in sys.stdin:
    cells = line.rstrip("\n").split("\t")
    servers.setdefault(cells[1], []).append(int(cells[column]))
for server in ("redis", "web", "behind", "sql"):
    values = servers.get(server, [])[1:]
    if not values:
        print(f"{server}: never counted")
        continue
    quarter = max(len(values) // 4, 1)
    first, last = values[:quarter], values[-quarter:]
    if sys.argv[1] == "memory":
        grew = statistics.median(last) - statistics.median(first) > MEMORY_ROOM_KIB
    else:
        grew = min(last) > min(first) + QUESTIONS[sys.argv[1]]
    if grew:
        print(f"{server}: {first} then {last}")
