"""Plays systemd for a socket unit: keeps the portal's listening socket open over a kill and a new start of the gateway."""

import os
import signal
import socket
import subprocess
import sys

PROGRAM, CONFIG = sys.argv[1:3]
PATIENCE = 30

portal = socket.create_server(("0.0.0.0", 8080))
os.dup2(portal.fileno(), 3, inheritable=True)


def gateway():
    command = f'LISTEN_PID=$$ exec "{PROGRAM}" gateway --config "{CONFIG}"'
    environment = dict(os.environ, LISTEN_FDS="1", LISTEN_FDNAMES="portal")
    return subprocess.Popen(["sh", "-c", command], pass_fds=[3], env=environment)


def ask():
    """Connects, which works as soon as somebody keeps the socket open, and asks."""
    visitor = socket.create_connection(("127.0.0.1", 8080), timeout=PATIENCE)
    visitor.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
    return visitor


def answer(visitor):
    if not visitor.recv(64).startswith(b"HTTP/1.1 "):
        sys.exit("no answer")
    print("answered", flush=True)


first = gateway()
answer(ask())
first.send_signal(signal.SIGKILL)
first.wait()
waiting = ask()
print("waiting", flush=True)
second = gateway()
answer(waiting)
second.terminate()
sys.exit(second.wait())
