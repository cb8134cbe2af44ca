"""`make demo`: makes a learner for the occasion and plays one incident against the running platform."""

import argparse
import secrets
import sys

import httpx

from deploy.demo.api import NotAsItShouldBe, Person
from deploy.demo.judgement import Cast
from deploy.demo.play import play
from deploy.demo.telling import picture, say
from deploy.local import manage, places, ready
from deploy.local.trouble import Trouble


def _operator(*argv: str) -> str:
    home = places.platform()
    return manage.prepare(home, manage.environment(home), *argv).strip()


def _refuse_without_platform(address: str) -> None:
    if ready.missing(address) != {}:
        raise Trouble("The platform is not running, or not ready. Start it with: make up (in another terminal)")


def main() -> int:
    """Play; 0 only if everything was as it should be."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--svg", metavar="FILE", help="keep what was printed as a picture")
    wanted = parser.parse_args().svg
    try:
        address = ready.address(places.platform())
        _refuse_without_platform(address)
        say.print("Preparing the demonstration's twin, a learner and two mentors …")
        learner = f"demo-{secrets.token_hex(3)}@hotseat.test"
        _operator("load_twins", "--demo")
        _operator("make_person", learner, "--name", "Demo Learner")
        people = {"learner": learner, "mentor": "mentor@hotseat.test", "other_mentor": "second.mentor@hotseat.test"}
        cast = Cast(**{part: Person(address, part, _operator("token", email)) for part, email in people.items()})
        play(cast, source=f"{address}, learner {learner}")
        if wanted:
            picture(wanted)
    except (NotAsItShouldBe, Trouble, httpx.HTTPError) as trouble:
        say.print(f"\n[bold red]The demonstration stopped:[/bold red] {trouble}", soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
