#!/usr/bin/python3
"""A customer who pays: `pay.py URL ORDER CLICKS`.  Each click is the same request, with the same key; when there is no good
answer, whoever clicked tries again, as browsers, apps and people do.  Exit code 0 when every click was answered."""
import sys
import threading
import time

import requests

url, order, clicks = sys.argv[1], sys.argv[2], int(sys.argv[3])
answers = []


def click():
    for _ in range(4):
        try:
            answer = requests.post(url, json={"order": order, "amount": 42}, timeout=3,
                                   headers={"Idempotency-Key": f"key-of-{order}"})
            print(answer.status_code, answer.text.strip(), flush=True)
            if answer.ok:
                answers.append(answer)
                return
        except requests.RequestException as error:
            print(type(error).__name__, flush=True)
        time.sleep(0.3)


threads = [threading.Thread(target=click) for _ in range(clicks)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(0 if len(answers) == clicks else 1)
