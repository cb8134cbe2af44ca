"""How a conversation ended: what was seen of its end is collected here, and `blame` decides."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from sandboxes.blame import Autopsy, EndReport, Evidence, Stop, blame
from sandboxes.messages import visible
from sandboxes.sandbox import ContainerVanished, EngineTimeout, RunEnd
from sandboxes.wire import END, STOP, Closed

if TYPE_CHECKING:
    from sandboxes.conversation.box import Box
    from sandboxes.limits import Limits

_LAST_WORDS_SECONDS = 2.0


class Ending:
    """Collects the evidence of one run's end and hands it to `blame`."""

    def __init__(self, box: Box, limits: Limits) -> None:
        self._box = box
        self._limits = limits
        self.report: EndReport | None = None
        self.stop: Stop | None = None
        self.words = ""

    def take_report(self, payload: bytes) -> None:
        """Note the launcher's last message."""
        said = json.loads(payload)
        self.report = EndReport(
            exit_code=said["exit"],
            signal=said["signal"],
            cpu_seconds=said["cpu"],
            oom_kills=said["oom_kills"],
            stopped_for=said["stopped_for"],
            tail=visible(said["tail"], self._limits.output_tail_bytes),
        )

    def ask_for_last_words(self) -> None:
        """Have the launcher stop the child and report, for the sake of what was printed; else do without."""
        until = time.monotonic() + _LAST_WORDS_SECONDS
        try:
            self._box.wire.send(STOP, b"", within_s=_LAST_WORDS_SECONDS)
            while self.report is None:
                frame = self._box.wire.receive(until=until)
                if frame is None:
                    return
                if frame.kind == END:
                    self.take_report(frame.payload)
        except (Closed, ContainerVanished, EngineTimeout):
            return

    def decide(self, *, done: bool = False, unfinished: bool = False) -> tuple[RunEnd, str]:
        """How it ended and why; asks the engine only where the launcher's word is not enough."""
        told = self.report is not None and self.report.oom_kills is not None
        autopsy = Autopsy(found=True) if told or self.stop is not None else self._box.autopsy()
        evidence = Evidence(
            report=self.report,
            autopsy=autopsy,
            stop=self.stop,
            done=done,
            unfinished=unfinished,
            words=self.words,
            stderr=bytes(self._box.wire.stderr).decode("utf-8", "replace"),
        )
        return blame(evidence, self._limits)
