"""What runs now."""

from deploy.local import places, ready
from deploy.local.saying import say
from deploy.local.supervise import Supervisor


def show() -> int:
    """Print every set of processes that runs; return 0 when the platform is ready."""
    green = False
    for home in (places.platform(), places.testing(), places.checking(), places.development(), places.engine()):
        rows = Supervisor(home).statuses()
        if not rows:
            continue
        say(f"{home.name}  {home.path}")
        for name, row in rows.items():
            say(f"  {name:<10} {row.state.lower():<9} {row.words}")
        if home.name == "platform":
            address = ready.address(home)
            lacks = ready.missing(address)
            green = lacks == {}
            say(f"  {address}: {'ready' if green else 'not ready: ' + str(lacks or 'no answer')}")
    if not green:
        say("Hotseat is not ready. Start it: make up")
    return 0 if green else 1
