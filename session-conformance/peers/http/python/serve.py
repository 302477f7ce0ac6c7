"""Serves a WSGI app as the suite starts it: on a free port that is told, until SIGTERM."""

import logging
import os
import signal
import sys


def listen(make_server):
    """Serves with what `make_server` makes for an address and a port."""
    if "RUST_LOG" in os.environ:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "0")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
