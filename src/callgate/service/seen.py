"""What came a short while ago, so that it counts once."""


class Seen:
    """Words that are good once, each until some moment; past so many the oldest is forgotten."""

    def __init__(self, words_max: int) -> None:
        self._words_max = words_max
        self._until_ms: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._until_ms)

    def is_new(self, word: str, *, now_ms: int, until_ms: int) -> bool:
        """Whether it comes for the first time. From `until_ms` on nobody believes it, and it need not be kept."""
        if word in self._until_ms:
            return False
        while self._until_ms:
            oldest, its_ms = next(iter(self._until_ms.items()))
            if its_ms >= now_ms and len(self._until_ms) < self._words_max:
                break
            del self._until_ms[oldest]
        self._until_ms[word] = until_ms
        return True
