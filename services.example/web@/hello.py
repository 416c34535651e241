"""A web server that says who answers. The port is its first argument, the greeting a variable."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        who = os.environ.get("USER", os.getuid())
        text = f"{os.environ['GREETING']} from port {sys.argv[1]}: process {os.getpid()}, running as {who}\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())


HTTPServer(("127.0.0.1", int(sys.argv[1])), Hello).serve_forever()
