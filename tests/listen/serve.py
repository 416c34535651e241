# A service that is given its sockets: it tells whoever connects, or sends a datagram, what it was given. It ends at TERM between
# two connections, and leaves those that wait to the next one.
import os, select, signal, socket, stat, struct, sys


def kind(number):
    try:
        return stat.S_IFMT(os.fstat(number).st_mode)
    except OSError:
        # It was open while the list was made.
        return 0


descriptors = [number for number in sorted(map(int, os.listdir("/proc/self/fd"))) if kind(number)]
given = [number for number in descriptors if number > 2 and kind(number) == stat.S_IFSOCK]
sockets = [socket.socket(fileno=number) for number in given]
ends = False
rests = False


def end(*_):
    global ends
    ends = True
    if rests:
        sys.exit(0)


signal.signal(signal.SIGTERM, end)


def option(of, level, number):
    try:
        return of.getsockopt(level, number)
    except OSError:
        return "-"


def backlog(of):
    # How many may wait: a listening socket has it in the place of another number.
    if of.family == socket.AF_UNIX or of.type != socket.SOCK_STREAM:
        return "-"
    return struct.unpack_from("=I", of.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64), 28)[0]


def told():
    lines = ["pid=%d" % os.getpid(), "uid=%d" % os.getuid()]
    lines.append("descriptors=" + ",".join(map(str, descriptors)))
    for name in "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID":
        lines.append("%s=%s" % (name, os.environ.get(name, "-")))
    for one in sockets:
        address = one.getsockname()
        if isinstance(address, bytes):
            address = "@" + address[1:].decode()
        elif isinstance(address, tuple):
            address = "%s:%d" % address[:2]
        lines.append(
            " ".join(
                [
                    "socket=" + address,
                    "type=%d" % one.type,
                    "cookie=%x" % struct.unpack("=Q", one.getsockopt(socket.SOL_SOCKET, 57, 8)),
                    "accepts=%d" % option(one, socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
                    "waits=%d" % os.get_blocking(one.fileno()),
                    "backlog=%s" % backlog(one),
                    "nodelay=%s" % option(one, socket.IPPROTO_TCP, socket.TCP_NODELAY),
                    "reuseport=%s" % option(one, socket.SOL_SOCKET, socket.SO_REUSEPORT),
                    "v6only=%s" % option(one, socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
                ]
            )
        )
    return "\n".join(lines + [""]).encode()


answer = told()
for one in sockets:
    # As most programs do; the sockets that supervise holds are the same files.
    one.setblocking(False)
while not ends:
    rests = True
    if ends:
        break
    ready, _, _ = select.select(sockets, [], [])
    rests = False
    for one in ready:
        try:
            if option(one, socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1:
                connection, _ = one.accept()
                connection.setblocking(True)
                connection.sendall(answer)
                connection.close()
            else:
                _, sender = one.recvfrom(100)
                one.sendto(answer, sender)
        except OSError:
            # Who asked has gone.
            pass
        if ends:
            break
