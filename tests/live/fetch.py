"""fetch.py URL: "shim" or "no shim", the status, and the SHA-256 of what came."""
import hashlib
import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:
    digest = hashlib.sha256(answer.read()).hexdigest()
shim = "shim" if "/libchaosctl.so" in open("/proc/self/maps").read() else "no shim"
print(shim, answer.status, digest)
