"""Connects to a port of this machine in each way that there is to say it, and prints what came of each."""
import socket
import sys

port, way = int(sys.argv[1]), sys.argv[2]
cases = {
    "v4": (socket.AF_INET, ("127.0.0.1", port), None),
    "v4 bound": (socket.AF_INET, ("127.0.0.1", port), ("127.0.0.7", 0)),
    "any": (socket.AF_INET, ("0.0.0.0", port), None),
    "v6": (socket.AF_INET6, ("::1", port), None),
    "v6 bound": (socket.AF_INET6, ("::1", port), ("::1", 0)),
    "mapped": (socket.AF_INET6, ("::ffff:127.0.0.1", port), None),
}
for name, (family, address, own) in cases.items():
    s = socket.socket(family)
    s.settimeout(10 if way == "patient" else None)
    try:
        if own:
            s.bind(own)
        s.connect(address)
        print(name, s.recv(5).decode(), end="; ")
    except ConnectionRefusedError:
        print(name, "refused", end="; ")
    s.close()
