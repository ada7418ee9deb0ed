#!/usr/bin/python3
"""A customer who pays: `pay.py URL ORDER`.  When there is no good answer, the same request goes out again with the same key,
as browsers, apps and people do.  Exit code 0 when one was answered well."""
import sys
import time

import requests

url, order = sys.argv[1:]
for _ in range(4):
    try:
        answer = requests.post(url, json={"order": order, "amount": 42}, timeout=3,
                               headers={"Idempotency-Key": f"key-of-{order}"})
        print(answer.status_code, answer.text.strip(), flush=True)
        if answer.ok:
            sys.exit(0)
    except requests.RequestException as error:
        print(type(error).__name__, flush=True)
    time.sleep(0.3)
sys.exit(1)
