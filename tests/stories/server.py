"""Tells each client who it is, on the socket that LISTEN_FDS gives it; at TERM it ends between two clients."""

import os
import select
import signal
import socket

if os.environ["LISTEN_FDS"] != "1" or os.environ["LISTEN_PID"] != str(os.getpid()):
    raise SystemExit("no socket was given to this process")
listener = socket.socket(fileno=3)
listener.setblocking(False)
told, tell = socket.socketpair()
tell.setblocking(False)
signal.set_wakeup_fd(tell.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)

while told not in select.select([listener, told], [], [])[0]:
    try:
        client, _ = listener.accept()
    except BlockingIOError:
        continue
    with client:
        for line in client.makefile("rb"):
            if line == b"\r\n":
                break
        client.sendall(f"HTTP/1.0 200 OK\r\n\r\nuid {os.getuid()}\npid {os.getpid()}\n".encode())
