"""Traffic for the gate's tests.

serve LABEL PORT...    TCP and UDP on every address; TCP answers by the line it gets: hello, down N, drip, up
try HOST PORT          the label, or RST, PROHIBITED, TIMEOUT, UNREACHABLE, CLOSED
udp HOST PORT COUNT    "answers errors": datagrams on fresh sockets
stream HOST PORT MODE  drip/down: prints READY, then END <what> <bytes>; udp MODE "echo"
segment HOST PORT      the largest segment the other side may send, as our SYN said when it arrived there
answered HOST PORT     the largest segment named in the SYN-ACK, as it arrived here
mtu HOST PORT SIZE     the path's MTU once a datagram of SIZE bytes that must not be split was sent; 0 if nobody said
ping HOST              yes or no
look HOST...           a line for each: TCP 443, two datagrams to 443, ping, TCP 853
ports HOST PORT COUNT  the source ports that arrive there of COUNT connections at once, or what became of each
udpports HOST PORT COUNT  the same of datagrams, each on a socket of its own that stays open
echo PROTOCOL...       sends packets of these IP protocols back, on every address
proto HOST PROTOCOL    what became of a packet of an IP protocol: ANSWERED, PROHIBITED, TIMEOUT
raw IFACE HEX          one Ethernet frame
"""
import errno
import os
import socket
import struct
import sys
import threading
import time

NAMES = {errno.ECONNREFUSED: "RST", errno.ECONNRESET: "RST", errno.EHOSTUNREACH: "PROHIBITED", errno.EACCES: "PROHIBITED",
         errno.ENETUNREACH: "UNREACHABLE", errno.EPIPE: "RST"}


def name(error):
    if isinstance(error, socket.timeout):
        return "TIMEOUT"
    return NAMES.get(error.errno, "ERROR %s" % error)


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def answer(conn, label):
    try:
        words = conn.makefile().readline().split()
        if words[:1] == ["down"]:
            left = int(words[1])
            while left > 0:
                left -= conn.send(bytes(min(left, 65536)))
        elif words[:1] == ["drip"]:
            while True:
                conn.send(bytes(500))
                time.sleep(0.005)
        elif words[:1] == ["up"]:
            while conn.recv(65536):
                pass
        elif words[:1] == ["seen"]:
            conn.send(str(conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)).encode())
        elif words[:1] == ["hello"]:
            conn.send(label.encode())
        elif words[:1] == ["port"]:
            conn.send(str(conn.getpeername()[1]).encode())
            conn.recv(1)
    except OSError:
        pass
    conn.close()


def serve_tcp(label, port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    sys.stdout.write("LISTEN\n")
    sys.stdout.flush()
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=answer, args=(conn, label), daemon=True).start()


def serve_udp(label, port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    # Answers leave from the address that was asked.
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    sock.bind(("::", port))
    while True:
        try:
            data, asked, _, sender = sock.recvmsg(65536, 1024)
            words = {b"hello": label.encode(), b"port": str(sender[1]).encode()}.get(data, data)
            sock.sendmsg([words], asked, 0, sender)
        except OSError:
            pass


def try_one(host, port):
    try:
        with socket.socket(family(host)) as sock:
            sock.settimeout(2)
            sock.connect((host, port))
            sock.send(b"hello\n")
            return sock.recv(100).decode() or "CLOSED"
    except OSError as error:
        return name(error)


def udp(host, port, count):
    answers = errors = 0
    for _ in range(count):
        with socket.socket(family(host), socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.3)
            sock.connect((host, port))
            try:
                sock.send(b"hello")
                sock.recv(100)
                answers += 1
            except socket.timeout:
                pass
            except OSError:
                errors += 1
    return "%d %d" % (answers, errors)


def ports(host, port, count, kind):
    kept, told = [], []
    for _ in range(count):
        sock = socket.socket(family(host), kind)
        sock.settimeout(0.4)
        kept.append(sock)
        try:
            sock.connect((host, port))
            sock.send(b"port\n" if kind == socket.SOCK_STREAM else b"port")
            told.append(sock.recv(100).decode())
        except OSError as error:
            told.append(name(error))
    return " ".join(told)


def segment(host, port):
    with socket.socket(family(host)) as sock:
        sock.settimeout(10)
        sock.connect((host, port))
        sock.send(b"seen\n")
        return sock.recv(100).decode()


def answered(host, port):
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as ear, socket.socket(family(host)) as sock:
        ear.settimeout(10)
        sock.settimeout(10)
        sock.connect((host, port))
        while True:
            packet = ear.recv(65536)
            if packet[0] >> 4 == 4 and packet[9] == 6:
                sender, tcp = packet[12:16], packet[(packet[0] & 15) * 4:]
            elif packet[0] >> 4 == 6 and packet[6] == 6:
                sender, tcp = packet[8:24], packet[40:]
            else:
                continue
            if sender != socket.inet_pton(family(host), host) or tcp[:2] != port.to_bytes(2, "big") or tcp[13] & 18 != 18:
                continue
            options = tcp[20:(tcp[12] >> 4) * 4]
            while options and options[0]:
                if options[0] == 2:
                    return int.from_bytes(options[2:4], "big")
                options = options[1 if options[0] == 1 else options[1]:]
            return "none"


def mtu(host, port, size):
    six = ":" in host
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    discover, learned = (23, 24) if six else (10, 14)
    with socket.socket(family(host), socket.SOCK_DGRAM) as sock:
        sock.setsockopt(level, discover, 2)
        sock.connect((host, port))
        for _ in range(50):
            try:
                sock.send(bytes(size))
            except OSError:
                pass
            time.sleep(0.1)
            known = sock.getsockopt(level, learned)
            if known < size:
                return known
    return 0


def ping(host, flow):
    six = ":" in host
    proto = socket.getprotobyname("ipv6-icmp") if six else socket.IPPROTO_ICMP
    with socket.socket(family(host), socket.SOCK_RAW, proto) as sock:
        sock.settimeout(1)
        # Type, code, checksum (IPv6: the kernel's), an id that makes it a flow of its own, sequence 1.
        own = os.getpid() + flow & 0x7fff
        checksum = 0 if six else 0xffff - 0x0801 - own
        sock.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, checksum, own, 1), (host, 0))
        end = time.monotonic() + 1
        try:
            while time.monotonic() < end:
                data, sender = sock.recvfrom(1500)
                if sender[0] == host and data[0 if six else 20] in (0, 129):
                    return "yes"
        except OSError:
            pass
        return "no"


# An authentication header before an empty UDP datagram.
AUTHENTICATION = struct.pack("!BB2xII12xHHHH", 17, 4, 1, 1, 4500, 4501, 8, 0)


def echo(kind, proto):
    with socket.socket(kind, socket.SOCK_RAW, proto) as sock:
        print("LISTEN", flush=True)
        while True:
            data, sender = sock.recvfrom(1500)
            sock.sendto(data[(data[0] & 15) * 4:] if kind == socket.AF_INET else data, sender)


def proto(host, number):
    six = ":" in host
    with socket.socket(family(host), socket.SOCK_RAW, number) as sock:
        # IP_RECVERR, IPV6_RECVERR: refusals are told.
        sock.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, 25 if six else 11, 1)
        sock.settimeout(2)
        try:
            sock.connect((host, 0))
            sock.send(AUTHENTICATION if number == 51 else bytes(24))
            sock.recv(1500)
            return "ANSWERED"
        except OSError as error:
            return name(error)


def stream(host, port, mode):
    got = 0
    end = "CLOSED"
    try:
        with socket.socket(family(host)) as sock:
            sock.settimeout(5)
            sock.connect((host, port))
            sock.send(mode.encode() + b"\n")
            while True:
                data = sock.recv(1 << 20)
                if not data:
                    break
                if got == 0:
                    print("READY", flush=True)
                got += len(data)
    except OSError as error:
        end = name(error)
    print("END", end, got, flush=True)


def raw(interface, frame):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        sock.send(bytes.fromhex(frame))


def main(words):
    if words[0] == "serve":
        for port in words[2:]:
            threading.Thread(target=serve_udp, args=(words[1], int(port)), daemon=True).start()
            threading.Thread(target=serve_tcp, args=(words[1], int(port)), daemon=True).start()
        threading.Event().wait()
    elif words[0] == "try":
        print(try_one(words[1], int(words[2])))
    elif words[0] == "udp":
        print(udp(words[1], int(words[2]), int(words[3])))
    elif words[0] == "ports":
        print(ports(words[1], int(words[2]), int(words[3]), socket.SOCK_STREAM))
    elif words[0] == "udpports":
        print(ports(words[1], int(words[2]), int(words[3]), socket.SOCK_DGRAM))
    elif words[0] == "stream":
        stream(words[1], int(words[2]), " ".join(words[3:]))
    elif words[0] == "segment":
        print(segment(words[1], int(words[2])))
    elif words[0] == "answered":
        print(answered(words[1], int(words[2])))
    elif words[0] == "mtu":
        print(mtu(words[1], int(words[2]), int(words[3])))
    elif words[0] == "echo":
        for number in words[1:]:
            for kind in (socket.AF_INET, socket.AF_INET6):
                threading.Thread(target=echo, args=(kind, int(number)), daemon=True).start()
        threading.Event().wait()
    elif words[0] == "proto":
        print(proto(words[1], int(words[2])))
    elif words[0] == "ping":
        print(ping(words[1], 0))
    elif words[0] == "look":
        for number, host in enumerate(words[1:]):
            print(try_one(host, 443), udp(host, 443, 2), ping(host, number), try_one(host, 853), sep=", ")
    elif words[0] == "raw":
        raw(words[1], words[2])


main(sys.argv[1:])
