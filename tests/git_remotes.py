"""A git host on this machine for tests: real git over real HTTP, and every way such a host can misbehave."""

from __future__ import annotations

import contextlib
import http.server
import os
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada Learner",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Learner",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-03-01T10:00:00+02:00",
    "GIT_COMMITTER_DATE": "2026-03-01T10:00:00+02:00",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
}


def git(*arguments: str, cwd: Path, check: bool = True, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the learner's own git, in an environment without this machine's configuration."""
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments],  # noqa: S607
        cwd=cwd,
        env=_ENVIRONMENT,
        input=feed,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"git {arguments}: {done.stderr.decode()}")
    return done


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files below a folder, making the folders they need."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@dataclass
class Work:
    """A learner's working copy, with a bare repository that is its origin."""

    folder: Path
    bare: Path

    def commit(self, files: dict[str, bytes], message: str = "Change something") -> str:
        """Commit files and return the commit's id."""
        write_files(self.folder, files)
        git("add", "-A", cwd=self.folder)
        git("commit", "-q", "--allow-empty", "-m", message, cwd=self.folder)
        return self.head()

    def head(self) -> str:
        """Return the id of the commit that is checked out."""
        return git("rev-parse", "HEAD", cwd=self.folder).stdout.decode().strip()

    def push(self, *arguments: str) -> None:
        """Push to the bare repository."""
        git("push", "-q", *(arguments or ("origin", "HEAD:main")), cwd=self.folder)

    def commit_entry(self, mode: str, path: str, content: bytes = b"x") -> str:
        """Commit an entry of any mode that a working copy could not hold, straight into the objects."""
        if mode == "160000":
            sha = "1" * 40
        else:
            sha = git("hash-object", "-w", "--stdin", cwd=self.folder, feed=content).stdout.decode().strip()
        git("update-index", "--add", "--cacheinfo", f"{mode},{sha},{path}", cwd=self.folder)
        git("commit", "-q", "-m", "An odd entry", cwd=self.folder)
        return self.head()


def make_work(root: Path, name: str = "work") -> Work:
    """Make a working copy and its bare origin below `root`."""
    folder, bare = root / name, root / "served" / f"{name}.git"
    bare.parent.mkdir(parents=True, exist_ok=True)
    git("init", "-q", "--bare", str(bare), cwd=root)
    git("init", "-q", str(folder), cwd=root)
    git("remote", "add", "origin", str(bare), cwd=folder)
    return Work(folder, bare)


@dataclass
class GitHost:
    """A running host. Paths below `/served/` are repositories; the others misbehave as they are called.

    Attributes:
        port: where it listens on 127.0.0.1.
        asked: every path it was asked for, in order.
        protocol_zero: whether it speaks only git's first protocol, which gives out no commits without a name.
        plain: a folder served file by file below `/plain/`, as a host without git does.
        away: whether it answers nothing but that it is out of service.
    """

    port: int
    root: Path
    scheme: str = "http"
    name: str = "git.test"
    ca_file: Path | None = None
    asked: list[str] = field(default_factory=list)
    protocol_zero: bool = False
    plain: Path | None = None
    away: bool = False

    def url(self, path: str) -> str:
        """Return the address of something on this host."""
        return f"{self.scheme}://{self.name}:{self.port}{path}"

    @property
    def allowed(self) -> list[str]:
        """What an operator writes to trust this host."""
        return [f"{self.name}:{self.port}"]

    @staticmethod
    def resolver(host: str, port: int) -> list[str]:
        """Every name is this machine."""
        del host, port
        return ["127.0.0.1"]


class _Handler(http.server.BaseHTTPRequestHandler):
    host: ClassVar[GitHost]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        del format, args

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self) -> None:
        self.host.asked.append(self.path)
        body = self._body()
        path, _, query = self.path.partition("?")
        kind = path.split("/")[1]
        if kind == "served":
            self._git(path, query, body)
        elif kind == "plain" and self.host.plain is not None:
            self._file(self.host.plain / path.removeprefix("/plain/"))
        elif kind == "status":
            self._answer(int(path.split("/")[2]), b"no")
        elif kind == "sign-in":
            self._answer(401, b"", WWW_Authenticate='Basic realm="x"')
        elif kind == "redirect":
            self._answer(301, b"", Location=f"{self.host.scheme}://127.0.0.1:{self.host.port}/secret{path}")
        elif kind == "slow":
            time.sleep(20)
        elif kind == "drip":
            self._drip()
        elif kind == "page":
            self._answer(200, b"<html>not git</html>", Content_Type="text/html")
        elif kind == "endless":
            self._endless()
        else:
            self._answer(404, b"nothing here")

    def _serve_unless_away(self) -> None:
        if self.host.away:
            self._body()
            self._answer(503, b"back soon")
        else:
            self._serve()

    do_GET = do_POST = _serve_unless_away  # noqa: N815 - the base class looks for these names

    def _file(self, path: Path) -> None:
        if path.is_file():
            self._answer(200, path.read_bytes(), Content_Type="text/plain")
        else:
            self._answer(404)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(200):
                self.wfile.write(b"0")
                self.wfile.flush()
                time.sleep(0.1)

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(b"001e# service=git-upload-pack\n0000")
            number = 0
            while True:
                line = b"%040x refs/heads/b%d\n" % (number, number)
                self.wfile.write(b"%04x" % (len(line) + 4) + line)
                number += 1

    def _git(self, path: str, query: str, body: bytes) -> None:
        environment = _ENVIRONMENT | {
            "GIT_PROJECT_ROOT": str(self.host.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": "" if self.host.protocol_zero else self.headers.get("Git-Protocol") or "",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(
            ["git", "http-backend"],  # noqa: S607
            env=environment,
            input=body,
            capture_output=True,
            timeout=60,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        headers.pop("Content-Length", None)
        with contextlib.suppress(OSError):
            self._answer(status, content, **headers)


@contextlib.contextmanager
def git_host(root: Path, *, tls: tuple[Path, Path] | None = None) -> Iterator[GitHost]:
    """Run a host over `root` in a thread; with `tls`, a certificate and its key, over https."""
    handler = type("Handler", (_Handler,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    host = GitHost(port=server.server_address[1], root=root)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        host.scheme, host.ca_file = "https", tls[0]
    handler.host = host  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def throwaway_certificate(folder: Path, name: str = "git.test") -> tuple[Path, Path] | None:
    """Make a certificate for `name` that is its own authority; None where there is no openssl."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    try:
        subprocess.run(
            [  # noqa: S607
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                "-keyout", str(key), "-out", str(certificate),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )  # fmt: skip
    except FileNotFoundError:
        return None
    return certificate, key
