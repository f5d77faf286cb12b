"""Plays systemd for gapura-dns.socket: keeps the resolver's sockets open over `kill -9` and a new start of the gateway, while
visitors go on asking over IPv4 and IPv6, UDP and TCP. Prints what became of every question as one JSON object, and how many
UDP sockets answered in each family."""

import collections
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PROGRAM, CONFIG, UPSTREAM_PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
PATIENCE = 60
EVERY = 0.05
RESTART = 0.1  # RestartSec= of the unit
FAMILIES = {socket.AF_INET: ("0.0.0.0", "127.0.0.1"), socket.AF_INET6: ("::", "::1")}


def listen(family, kind, address):
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, 53))
    if kind == socket.SOCK_STREAM:
        sock.listen(128)
    return sock


# As the unit names them: each address twice for datagrams.
KINDS = (socket.SOCK_DGRAM, socket.SOCK_DGRAM, socket.SOCK_STREAM)
kept = [listen(f, k, a[0]) for f, a in FAMILIES.items() for k in KINDS]
for number, sock in enumerate(kept):
    os.dup2(sock.fileno(), 10 + number, inheritable=True)
for number in range(len(kept)):
    os.dup2(10 + number, 3 + number, inheritable=True)


def upstream():
    """Every name has the address 192.0.2.7."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("192.0.2.53", UPSTREAM_PORT))
    while True:
        asked, peer = server.recvfrom(4096)
        end = asked.index(b"\0", 12) + 5
        answer = asked[:2] + b"\x81\x80\0\x01\0\x01\0\0\0\0" + asked[12:end]
        server.sendto(answer + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07", peer)


def gateway():
    command = f'LISTEN_PID=$$ exec "{PROGRAM}" gateway --config "{CONFIG}"'
    count = len(kept)
    environment = dict(os.environ, LISTEN_FDS=str(count), LISTEN_FDNAMES=":".join(["dns"] * count))
    return subprocess.Popen(["sh", "-c", command], pass_fds=range(3, 3 + count), env=environment)


lock = threading.Lock()
outcomes = collections.Counter()
answered_at = []
number = 0


def query():
    """A name that nobody has asked for."""
    global number
    with lock:
        number += 1
        name = f"n{number}"
    return struct.pack("!HHHHHH", number % 65536, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name.encode() + b"\0\0\x01\0\x01"


def whole(sock):
    length = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))[0]
    return sock.recv(length, socket.MSG_WAITALL)


def ask(family, kind):
    asked = query()
    try:
        with socket.socket(family, kind) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((FAMILIES[family][1], 53))
            if kind == socket.SOCK_DGRAM:
                sock.send(asked)
                answer = sock.recv(4096)
            else:
                sock.sendall(struct.pack("!H", len(asked)) + asked)
                answer = whole(sock)
        good = answer[:2] == asked[:2] and answer[3] & 15 == 0 and answer.endswith(b"\xc0\0\x02\x07")
        outcome = "answered" if good else f"code {answer[3] & 15}"
    except ConnectionError:
        outcome = "refused"
    except OSError as error:
        outcome = f"lost: {error}"
    with lock:
        outcomes[outcome] += 1
        answered_at.append(time.monotonic())


threading.Thread(target=upstream, daemon=True).start()
def serving():
    """UDP sockets on port 53 by family: ours and those the gateway opened beside them."""
    tables = [open(f"/proc/net/{table}").read().splitlines()[1:] for table in ("udp", "udp6")]
    return [sum(line.split()[1].endswith(":0035") for line in table) for table in tables]


first = gateway()
ask(socket.AF_INET, socket.SOCK_DGRAM)
sockets = serving()

stop = threading.Event()
asking = []
hold = threading.Lock()


def visitors():
    while not stop.is_set():
        with hold:
            for family in FAMILIES:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    thread = threading.Thread(target=ask, args=(family, kind))
                    thread.start()
                    asking.append(thread)
        stop.wait(EVERY)


def kill(daemon):
    """With nothing under way: what it holds dies with it, and the visitor's own system asks again."""
    with hold:
        while asking:
            asking.pop().join()
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        return time.monotonic()


crowd = threading.Thread(target=visitors)
crowd.start()
gaps, asked_meanwhile = [], []
for _ in range(2):
    time.sleep(0.3)
    killed = kill(first)
    before = number
    time.sleep(RESTART)
    while number < before + 4:
        time.sleep(0.005)
    asked_meanwhile.append(number - before)
    first = gateway()
    while not any(at > killed + RESTART for at in list(answered_at)):
        if first.poll() is not None or time.monotonic() > killed + PATIENCE:
            sys.exit("the gateway did not come back")
        time.sleep(0.005)
    gaps.append(min(at for at in answered_at if at > killed + RESTART) - killed)
stop.set()
crowd.join()
for thread in asking:
    thread.join()
first.terminate()
ended = first.wait()
seen = {"asked": number, "outcomes": outcomes, "meanwhile": asked_meanwhile, "gaps": gaps, "ended": ended}
print(json.dumps(seen | {"sockets": sockets}))
