"""Which version customers get: deployed by the learner, replayed by a worker, live from a moment that acts decide."""

from exams.live.deployments.moving import go_live, open_release, why_nothing
from exams.live.deployments.requesting import (
    ROLL_OUT,
    DeploymentInFlight,
    NoDeploymentsLeft,
    NoSuchDeployment,
    NoSuchRun,
    NotDeployable,
    NothingToRollBackTo,
    Requested,
    deploy,
    roll_back,
)

__all__ = [
    "ROLL_OUT",
    "DeploymentInFlight",
    "NoDeploymentsLeft",
    "NoSuchDeployment",
    "NoSuchRun",
    "NotDeployable",
    "NothingToRollBackTo",
    "Requested",
    "deploy",
    "go_live",
    "open_release",
    "roll_back",
    "why_nothing",
]
