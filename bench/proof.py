"""What the proof of a password takes, and nothing else: milliseconds, the median. `python -m bench.proof SECONDS`."""

import statistics
import sys
from time import perf_counter

from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.passwords import hash_password, verify_password

PASSWORD = "correct horse battery staple"


def main() -> None:
    """Prove one password again and again."""
    stored = hash_password(PASSWORD, SystemEntropy())
    until = perf_counter() + float(sys.argv[1])
    found = []
    while perf_counter() < until:
        began = perf_counter()
        assert verify_password(stored, PASSWORD)
        found.append((perf_counter() - began) * 1000)
    print(statistics.median(found))


if __name__ == "__main__":
    main()
