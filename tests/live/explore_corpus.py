"""What `chaosctl explore --format json` found, against what the program says of itself.

    explore_corpus.py FOUND.json PROGRAM.c      the one defect that is marked, with its line and its class
    explore_corpus.py FOUND.json                nothing

Prints "right", or what is wrong.
"""
import json
import os
import re
import sys


def shown(defect):
    at = defect["at"] or {"file": None, "line": None}
    file = os.path.basename(at["file"]) if at["file"] else None
    return f'{defect["ending"]} at {file}:{at["line"]}'


with open(sys.argv[1]) as f:
    found = json.load(f)
got = [shown(d) for d in found["defects"] if d["state"] != "unconfirmed"]
wanted = []
if len(sys.argv) > 2:
    with open(sys.argv[2]) as f:
        for number, line in enumerate(f, 1):
            mark = re.search(r"/\* DEFECT: (\S+) \*/", line)
            if mark:
                wanted.append(f"{mark.group(1)} at {os.path.basename(sys.argv[2])}:{number}")
    if len(wanted) != 1:
        sys.exit(f"{sys.argv[2]} marks {len(wanted)} defects")
if not found["points"]["explored"]:
    print("nothing was explored")
elif got == wanted:
    print("right")
else:
    print(f'found: {"; ".join(got) or "nothing"}; there is: {"; ".join(wanted) or "nothing"}')
