"""Failure: trouble from the world, told by exception and caught once at the edge. Denials are values instead."""


class Unavailable(Exception):
    """Disk, lock, queue or pool: nothing of the work was acknowledged, and the caller answers 503."""
