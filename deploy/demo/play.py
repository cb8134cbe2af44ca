"""The story of one incident, from the brief to the signed result; every step is checked."""

import tempfile
import time
from pathlib import Path

from deploy.demo import closing, judgement, live_window
from deploy.demo.judgement import Cast
from deploy.demo.telling import say


def play(cast: Cast, *, source: str) -> None:
    """Play it to the end.

    Raises:
        NotAsItShouldBe: something was not as it should be.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hotseat-demo-") as folder:
        sat = live_window.sit(cast.learner, folder=Path(folder))
    closing.write_post_mortem(cast.learner, sat.attempt, sat.culprit)
    closing.wait_for_closing(cast.learner, sat.attempt)
    closing.show_customers(cast.learner, sat.attempt)
    say.export_text(clear=True)  # a picture begins here: what was judged, and how
    closing.show_verdict(cast.learner, sat.handed_in)
    review = judgement.review(cast, sat.attempt)
    judgement.show_result(cast.learner, sat.attempt, review)
    say.print(f"\n[bold]Played in {time.monotonic() - began:.0f} s; everything was as it should be.[/bold] ({source})")
