#!/usr/bin/python3
"""Many requests by one client, as fast as it can: `burst.py URL COUNT CONNECTIONS SECONDS CLIENT`.

Prints how many answers there were of each status, and of how many a Retry-After told when to come back.  Exit code 0
when every request was answered in time."""
import collections
import http.client
import json
import sys
import threading
import time
import urllib.parse

url, count, connections, seconds = urllib.parse.urlsplit(sys.argv[1]), *map(int, sys.argv[2:5])
headers = {"X-Client": sys.argv[5]} if sys.argv[5] else {}
answers, retry_after = collections.Counter(), collections.Counter()
deadline = time.monotonic() + seconds


def visit(requests):
    client = http.client.HTTPConnection(url.hostname, url.port, timeout=seconds)
    for _ in range(requests):
        if time.monotonic() > deadline:
            return
        try:
            client.request("GET", url.path, headers=headers)
            answer = client.getresponse()
            answer.read()
            answers[answer.status] += 1
            retry_after[answer.status] += answer.getheader("Retry-After") is not None
        except (OSError, http.client.HTTPException) as error:
            answers[type(error).__name__] += 1
            client.close()


threads = [threading.Thread(target=visit, args=(count // connections,)) for _ in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"answers": {str(status): n for status, n in answers.items()},
                  "retry_after": {str(status): n for status, n in retry_after.items()}}))
sys.exit(0 if sum(answers.values()) == count and all(isinstance(status, int) for status in answers) else 1)
