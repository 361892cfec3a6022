"""A server of files on loopback, as the place that models come from, and its lapses."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Files:
    """What is served by name, and how. `asked` notes the path and Range of each request."""

    content: dict[str, bytes] = field(default_factory=dict)
    version: str = '"one"'
    kind: str = "application/octet-stream"
    cut_at: int | None = None  # the connection ends behind so many bytes of an answer
    waits_at: int | None = None  # nothing more comes, and the connection stays
    moved: dict[str, str] = field(default_factory=dict)  # a path, and where it leads instead
    status: int = 200
    knows_ranges: bool = True
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def ranges(self) -> list[str]:
        return [range for _, range in self.asked if range]


@contextmanager
def serving(files: Files) -> Iterator[Files]:
    class Handler(_Handler):
        served = files

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield files
    finally:
        files.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    served: Files

    def do_GET(self) -> None:
        files, wanted = self.served, self.headers.get("Range", "")
        files.asked.append((self.path, wanted))
        if to := files.moved.get(self.path):
            self.send_response(302)
            self.send_header("Location", to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = files.content.get(self.path.rpartition("/")[2])
        if body is None or files.status != 200:
            self.send_error(404 if body is None else files.status)
            return
        same = self.headers.get("If-Range") == files.version
        self._send(body, int(wanted[6:-1]) if wanted and same and files.knows_ranges else 0)

    def _send(self, body: bytes, begin: int) -> None:
        if begin >= len(body):
            self.send_error(416)
            return
        files, rest = self.served, body[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Type", files.kind)
        self.send_header("Content-Length", str(len(rest)))
        if files.version:
            self.send_header("ETag", files.version)
        self.end_headers()
        stop = files.cut_at if files.cut_at is not None else files.waits_at
        self.wfile.write(rest[:stop])
        if files.waits_at is not None and files.waits_at < len(rest):
            files.closing.wait(30)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
