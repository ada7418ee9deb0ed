"""Answers each datagram with itself, until it is ended.  Its port of 127.0.0.1 goes into the file that is named."""
import os
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    server.sendto(*server.recvfrom(65536))
