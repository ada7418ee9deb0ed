"""For reused.test: a service whose next connection to its back has the number of one that it had accepted.

A client sends one word; `hold`: its own connection is kept; `swap`: close that one and connect to the back, which gets its
number, and say both numbers; `ask`: ask the back, and say what came of it.
"""
import os
import socket

held = back = None
server = socket.create_server(("127.0.0.1", int(os.environ["FRONT_PORT"])))


def swap():
    global held, back
    number = held.fileno()
    held.close()
    back = socket.create_connection(("127.0.0.1", int(os.environ["BACK_PORT"])))
    back.settimeout(1)
    return f"{number} {back.fileno()}"


def ask():
    try:
        back.sendall(b"PING\r\n")
        return back.recv(64).decode().strip()
    except OSError as error:
        return str(error)


while True:
    client, _ = server.accept()
    word = client.recv(64).decode().strip()
    if word == "hold":
        held = client
        client.sendall(b"held\n")
        continue
    answer = {"swap": swap, "ask": ask}.get(word, lambda: "ready")()
    client.sendall(answer.encode() + b"\n")
    client.close()
