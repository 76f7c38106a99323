"""EC2 behind a port of the loopback interface, for boto3 and the AWS CLI by `AWS_ENDPOINT_URL_EC2`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from sandbox.ec2.calls import ConnectionLost, Killed
from sandbox.ec2.principals import credential
from sandbox.ec2.transport import Answerer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away in the middle: functions are killed now and then."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed wants a socket


@contextmanager
def serving(answerer: Answerer, port: int) -> Iterator[str]:
    """Serve until the `with` ends; gives the URL. Port 0 takes any that is free."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_GET(self) -> None:
            self._answer(self.path.partition("?")[2].encode())

        def _answer(self, form: bytes) -> None:
            try:
                access_key, region = credential(self.headers.get("Authorization", ""))
                status, body = answerer(form, access_key, region, self.headers.get("User-Agent", ""))
            except (ConnectionLost, Killed):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            self.send_header("Content-Type", "text/xml;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the calls are written down elsewhere."""

    server = _Server(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="ec2", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
