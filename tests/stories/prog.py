"""A Tornado program that tells who it is: a line each."""

import argparse
import os

import tornado
import tornado.ioloop
import tornado.web


class Who(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.tell("pid", os.getpid())
        self.tell("uids", *os.getresuid())
        self.tell("gids", *os.getresgid())
        self.tell("groups", *os.getgroups())
        for name in ("HOME", "USER", "LOGNAME", "SHELL", "INSTANCE"):
            self.tell(name, os.environ.get(name, ""))
        self.tell("folder", os.getcwd())
        self.tell("tornado", tornado.__file__)

    def tell(self, name, *values):
        self.write(" ".join(map(str, (name, *values))) + "\n")


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
tornado.web.Application([("/", Who)]).listen(parser.parse_args().port, "127.0.0.1")
tornado.ioloop.IOLoop.current().start()
