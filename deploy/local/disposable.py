"""A database and a broker that live as long as one command: begun empty, gone when it ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local import services
from deploy.local.places import Home
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble


@contextmanager
def parts(home: Home, *, broker: bool = True, durable: bool = False) -> Iterator[services.Addresses]:
    """Run the parts of `home` while the block runs.

    Args:
        home: whose parts.
        broker: whether a broker is needed.
        durable: whether the database writes as the platform's does, for figures that are to hold there.

    Raises:
        Trouble: another command uses this home now, or a part did not start.
    """
    home.prepare()
    with (home.path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Trouble(
                f"Another command uses the {home.name} database now. Wait until it ends, "
                "or set HOTSEAT_STATE_DIR to another folder to run beside it."
            ) from error
        supervisor = Supervisor(home)
        supervisor.stop()  # what a killed command may have left
        services.discard(home)
        try:
            supervisor.launch(services.programs(home, durable=durable), env=os.environ, with_parent=True)
            services.start_database(home, supervisor)
            if broker:
                services.start_broker(home, supervisor)
            yield services.addresses(home)
        finally:
            supervisor.stop()
            services.discard(home)
