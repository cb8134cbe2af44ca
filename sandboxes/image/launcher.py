"""The first process of every sandbox: it starts submitted code in a child, passes messages on, and reports the end.

This program is trusted and the child is not, although both have the same user id. It keeps the two apart so:

* It is process 1 of its container, which the kernel lets nobody inside kill, and it is not dumpable, so nobody
  inside may open its memory or its descriptors.
* The child gets two pipes for messages and one for what it prints. It never holds the pipe to the platform.
* How the child ended is learnt from the kernel, never from the child.

It waits with pytest and numpy imported, so that a run costs a fork rather than an interpreter start, and learns
from its first message whether it serves a tree or runs a test. Only the standard library, numpy and pytest are at
hand. The platform's side is `sandboxes/conversation/`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import struct
import sys
import tarfile
import threading
import time
from collections import deque
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

sys.path[0:0] = [str(Path(__file__).parent)]
sys.path.append(str(Path(__file__).with_name("packages")))

import harness  # type: ignore[import-not-found]  # noqa: E402 - found once the path is set

HEADER = struct.Struct(">cI")  # kind of frame, bytes that follow
READY, JOB, TREE, FACTS, ANSWER, STOP, CHILD, END = b"R", b"J", b"T", b"F", b"A", b"S", b"C", b"X"

TICK_SECONDS = 0.25
CHUNK = 65_536
UNSENT_LIMIT = 8 * 1024 * 1024
CHILD_ID = 40
LARGEST_JOB = 80 * 1024 * 1024

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_OOM_FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
_CPU_FILES = (
    ("/sys/fs/cgroup/cpu.stat", 1e6),
    ("/sys/fs/cgroup/cpuacct/cpuacct.usage", 1e9),
    ("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", 1e9),
)


class Line:
    """The two descriptors to the platform, moved away from 0 and 1 so that no child inherits them there."""

    def __init__(self) -> None:
        self.incoming = os.dup(0)
        self.outgoing = os.dup(1)
        empty = os.open(os.devnull, os.O_RDWR)
        os.dup2(empty, 0)
        os.dup2(empty, 1)
        os.close(empty)

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send one frame; a platform that is gone ends this program."""
        message = memoryview(HEADER.pack(kind, len(payload)) + payload)
        try:
            while message:
                message = message[os.write(self.outgoing, message) :]
        except OSError:
            leave()

    def receive(self) -> tuple[bytes, bytes]:
        """Wait for one frame; a platform that is gone ends this program."""
        kind, size = HEADER.unpack(self._exactly(HEADER.size))
        if size > LARGEST_JOB:
            raise SystemExit("the platform sent a frame larger than any it may send")
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            chunk = os.read(self.incoming, min(size - len(data), 1 << 20))
            if not chunk:
                leave()
            data += chunk
        return bytes(data)


def main(root: Path) -> NoReturn:
    """Wait for a job, run it, report its end.

    1. Close the door behind us, say that we are ready.
    2. Take the job and its files.
    3. Fork: the child becomes the harness, we watch.
    4. When the child ends, or has to, kill all that is left and report.
    """
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # The kernel keeps from process 1 what it has no handler for; Python's handler would let the child interrupt us.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    line = Line()
    harness.warm_up()
    use_up_process_ids()
    gc.collect()
    gc.freeze()
    line.send(READY, json.dumps({"python": sys.version.split()[0], **harness.versions()}).encode())

    kind, payload = line.receive()
    if kind != JOB:
        raise SystemExit("the platform's first frame is not a job")
    job = json.loads(payload)
    tree = root / ("tree" if job["mode"] == "serve" else "tests")
    unpack(line.receive()[1], tree)
    facts = line.receive()[1] if job["mode"] == "test" else b""

    watch = Watch(line, job)
    watch.start(tree, facts)
    watch.until_the_end()
    leave()


def use_up_process_ids() -> None:
    """Start threads for their ids, so that the child has the same one in every run.

    How many ids the container runtime used before it became us is a matter of its own scheduling.
    """
    used = [os.getpid()]
    while used[-1] < CHILD_ID - 1 and os.getpid() == 1:
        thread = threading.Thread(target=lambda: used.append(threading.get_native_id()))
        thread.start()
        thread.join()


def unpack(archive: bytes, folder: Path) -> None:
    """Write the platform's own tar of regular files, every file with the same times."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(archive), mode="r:") as tar:
        for entry in tar:
            reader = tar.extractfile(entry)
            if reader is None:
                raise SystemExit("the platform sent something that is not a file")
            path = folder / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reader.read())
            path.chmod(0o755 if entry.mode & 0o100 else 0o644)
    for current, _, names in os.walk(folder, topdown=False):
        for name in (*names, "."):
            os.utime(Path(current, name), (0, 0))


class Watch:
    """One child and all that it may do: relays its messages within limits and notices how it ends."""

    def __init__(self, line: Line, job: dict[str, Any]) -> None:
        self.line = line
        self.job = job
        self.alone = os.getpid() == 1
        self.pid = 0
        self.unsent = bytearray()
        self.from_platform = bytearray()
        self.from_child = bytearray()
        self.frames = 0
        self.relayed = 0
        self.printed = 0
        self.tail: deque[bytes] = deque()
        self.tail_size = 0
        self.stopped_for: str | None = None
        self.status: int | None = None
        self.child_cpu = 0.0
        self.cpu_before = group_cpu_seconds() if self.alone else None
        self.oom_before = group_oom_kills() if self.alone else None

    def start(self, tree: Path, facts: bytes) -> None:
        """Fork the child that will run submitted code."""
        answers_in, self.answers = os.pipe()
        self.messages, messages_out = os.pipe()
        self.output, output_out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            become_child(self.job, tree, facts, (answers_in, messages_out, output_out))
        for inherited in (answers_in, messages_out, output_out):
            os.close(inherited)

    def until_the_end(self) -> None:
        """Pass messages both ways until the child is gone or has to go, then report."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            os.set_blocking(self.answers, False)
            for each in (self.line.incoming, self.messages, self.output, woken):
                os.set_blocking(each, False)
                selector.register(each, selectors.EVENT_READ)
            self._reap()  # it may have ended before the signal was listened for
            look_again = 0.0
            while self.status is None and self.stopped_for is None:
                wanted = selectors.EVENT_WRITE if self.unsent else 0
                if wanted and self.answers not in selector.get_map():
                    selector.register(self.answers, selectors.EVENT_WRITE)
                elif not wanted and self.answers in selector.get_map():
                    selector.unregister(self.answers)
                for key, _ in selector.select(TICK_SECONDS):
                    self._serve(key.fd, selector)
                self._reap()
                now = time.monotonic()
                if now >= look_again:  # the kernel's count takes longer to read than a message to pass on
                    look_again = now + TICK_SECONDS
                    if self._cpu_seconds() > self.job["cpu_seconds"]:
                        self.stopped_for = "cpu"
        signal.set_wakeup_fd(-1)
        self._kill_all()
        self._drain()
        self._report()

    def _serve(self, fd: int, selector: selectors.BaseSelector) -> None:
        if fd == self.answers:
            self._to_child()
            return
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        if fd == self.line.incoming:
            if not data:
                self._kill_all()
                leave()
            self._from_platform(data)
        elif not data:
            selector.unregister(fd)
        elif fd == self.messages:
            self._from_child(data)
        elif fd == self.output:
            self._printed(data)

    def _from_platform(self, data: bytes) -> None:
        """Pass answers on to the child, whole and without the kind; or stop, if that is what we are told."""
        self.from_platform += data
        while len(self.from_platform) >= HEADER.size:
            kind, size = HEADER.unpack_from(self.from_platform)
            if len(self.from_platform) < HEADER.size + size:
                return
            if kind == STOP:
                self.stopped_for = "platform"
                return
            self.unsent += struct.pack(">I", size) + self.from_platform[HEADER.size : HEADER.size + size]
            del self.from_platform[: HEADER.size + size]
            self._to_child()
        if len(self.unsent) > UNSENT_LIMIT:
            self.stopped_for = "frames"

    def _to_child(self) -> None:
        """Pass on as much as the child's pipe takes at once; the rest when it can be written again."""
        try:
            del self.unsent[: os.write(self.answers, self.unsent[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            self.unsent.clear()

    def _from_child(self, data: bytes) -> None:
        self.from_child += data
        while self.stopped_for is None and len(self.from_child) >= 4:  # noqa: PLR2004 - the length's own size
            (size,) = struct.unpack_from(">I", self.from_child)
            if size > self.job["frame_bytes"]:
                self.stopped_for = "frame_size"
                return
            if len(self.from_child) < 4 + size:
                return
            payload = bytes(self.from_child[4 : 4 + size])
            del self.from_child[: 4 + size]
            self.frames += 1
            self.relayed += size
            if self.frames > self.job["frames"] or self.relayed > self.job["relay_bytes"]:
                self.stopped_for = "frames"
                return
            self.line.send(CHILD, payload)

    def _printed(self, data: bytes) -> None:
        self.printed += len(data)
        self.tail.append(data)
        self.tail_size += len(data)
        while self.tail_size - len(self.tail[0]) >= self.job["output_tail_bytes"]:
            self.tail_size -= len(self.tail.popleft())
        if self.printed > self.job["output_bytes"]:
            self.stopped_for = self.stopped_for or "output"

    def _reap(self) -> None:
        """Collect every ended child; orphans are ours too, as we are process 1 or asked for them."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.status = status
                self.child_cpu = usage.ru_utime + usage.ru_stime

    def _cpu_seconds(self) -> float:
        """What submitted code has used: all of its processes where there is a control group, else its first."""
        if self.cpu_before is not None and (now := group_cpu_seconds()) is not None:
            return now - self.cpu_before
        return process_cpu_seconds(self.pid)

    def _kill_all(self) -> None:
        """Kill the child and whatever it left behind, until there is nothing to wait for."""
        for _ in range(200):
            if self.alone:
                with contextlib.suppress(OSError):
                    os.kill(-1, signal.SIGKILL)
            else:
                for pid in _children():
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
            self._reap()
            if not _children():
                return
            time.sleep(0.005)

    def _drain(self) -> None:
        """Read what was still in the pipes; all writers are dead, so this ends."""
        for fd, take in ((self.messages, self._from_child), (self.output, self._printed)):
            while True:
                try:
                    data = os.read(fd, CHUNK)
                except OSError:
                    break
                if not data:
                    break
                take(data)

    def _report(self) -> None:
        status = self.status
        exited = status is not None and os.WIFEXITED(status)
        oom_now = group_oom_kills() if self.alone else None
        tail = b"".join(self.tail)[-self.job["output_tail_bytes"] :]
        end = {
            "exit": os.WEXITSTATUS(status) if status is not None and exited else None,
            "signal": os.WTERMSIG(status) if status is not None and not exited else None,
            "cpu": max(self.child_cpu, self._cpu_seconds()),
            "oom_kills": None if oom_now is None or self.oom_before is None else oom_now - self.oom_before,
            "stopped_for": self.stopped_for,
            "printed": self.printed,
            "tail": tail.decode("utf-8", "replace"),
        }
        self.line.send(END, json.dumps(end).encode())


def become_child(job: dict[str, Any], tree: Path, facts: bytes, pipes: tuple[int, int, int]) -> NoReturn:
    """Give up what the launcher holds, take on the limits, and run submitted code.

    `pipes` are the ends for answers to read, messages to write and output to write.
    """
    answers, messages, output = pipes
    try:
        os.setsid()
        _prctl(_PR_SET_DUMPABLE, 1)  # else the next file is root's
        with contextlib.suppress(OSError):
            # When memory ends, the kernel shall end this process and not the one that can tell of it.
            Path("/proc/self/oom_score_adj").write_text("1000")
        empty = os.open(os.devnull, os.O_RDONLY)
        # Fixed numbers, equal in every run; everything above is closed.
        for number, fd in enumerate((empty, output, output, answers, messages)):
            os.dup2(fd, 64 + number, inheritable=False)
        for number in range(5):
            os.dup2(64 + number, number, inheritable=number < 3)  # noqa: PLR2004 - the standard three
        os.closerange(5, 4096)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, job["file_bytes"])
        _limit(resource.RLIMIT_NOFILE, job["open_files"])
        # The launcher counts processor time; the kernel's own count, by ticks, is coarse and only comes after it.
        cpu = 5 + int(2 * job["cpu_seconds"])
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
        channel = harness.Channel(job, answers=3, messages=4)
        if job["mode"] == "serve":
            harness.serve(channel, tree)
        else:
            harness.test(channel, tree, facts)
    finally:
        # Whatever came out of submitted code, nothing of the launcher may run in this process.
        os._exit(70)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def group_cpu_seconds() -> float | None:
    """Processor seconds used by this whole container, or None if its control group is not to be seen."""
    for name, per_second in _CPU_FILES:
        try:
            words = Path(name).read_text().split()
        except OSError:
            continue
        figure = words[words.index("usage_usec") + 1] if "usage_usec" in words else words[0]
        return int(figure) / per_second
    return None


def process_cpu_seconds(pid: int) -> float:
    """Processor seconds used by one process so far; 0 once it is reaped."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def group_oom_kills() -> int | None:
    """How many processes of this container the kernel has killed for want of memory, if it says."""
    for name in _OOM_FILES:
        try:
            words = Path(name).read_text().split()
        except OSError:
            continue
        if "oom_kill" in words:
            return int(words[words.index("oom_kill") + 1])
    return None


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def leave() -> NoReturn:
    """End without running anything that is registered to run at the end."""
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[sys.argv.index("--root") + 1]))
