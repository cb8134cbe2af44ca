"""Forgets everything that this checkout has made here: asked for by name, and confirmed."""

from deploy.local import bare, engine, places
from deploy.local.saying import say
from deploy.local.supervise import Supervisor


def run() -> int:
    """Stop every set of processes and remove the state folder; return 1 if the person decides otherwise.

    Raises:
        Trouble: nobody is there to ask, and nothing says yes for them.
    """
    state = places.state_dir()
    if not bare.agreed(state):
        return 1
    engines = places.engine()
    for home in places.every_home():
        if home != engines:
            Supervisor(home).stop()
    if word := engine.release():
        say(word)
    # The packages that `say` would load go with the environment: what comes now needs none.
    bare.forget(state, keep=[engines.path] if Supervisor(engines).running() else [])
    return 0
