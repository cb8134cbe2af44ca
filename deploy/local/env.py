"""A database and a broker for engineers: started once, left running, shared by whoever runs tests by hand."""

import fcntl
import os
import shlex

from deploy.local import places, services
from deploy.local.supervise import Supervisor


def start() -> services.Addresses:
    """Start what does not run yet and return the addresses.

    Raises:
        Trouble: a part did not come up.
    """
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)  # from an earlier `eval` of our own output, perhaps; here we always run our own
    home = places.development()
    home.prepare()
    supervisor = Supervisor(home)
    with (home.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two engineers at once: the second finds it running
        if not supervisor.running():
            supervisor.launch(services.programs(home, durable=False), env=os.environ, with_parent=False)
        services.start_database(home, supervisor)
        services.start_broker(home, supervisor)
    return services.addresses(home)


def exports(addresses: services.Addresses) -> str:
    """Lines for a shell's `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in addresses.as_env().items())


def stop() -> None:
    """Stop what `start` started."""
    home = places.development()
    home.prepare()
    Supervisor(home).stop()
