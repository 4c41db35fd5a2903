"""The roles that requirements bind: types of targets."""

from typing import Literal, get_args

Role = Literal["artifact", "registry", "producer", "consumer-aware", "consumer-unaware", "copier"]
ROLES: tuple[Role, ...] = get_args(Role)
