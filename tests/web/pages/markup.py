"""What a browser would find in a page: its elements in order, and its words."""

from html.parser import HTMLParser


class Markup(HTMLParser):
    """The elements of a page as (tag, attributes), and its text on one line."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self._texts.append(data)

    @property
    def text(self) -> str:
        """All words, single-spaced."""
        return " ".join("".join(self._texts).split())

    @property
    def tags(self) -> list[str]:
        """The names of the elements, in order."""
        return [tag for tag, _ in self.elements]

    def having(self, name: str) -> list[dict[str, str]]:
        """Attributes of the elements that have the attribute `name`."""
        return [attributes for _, attributes in self.elements if name in attributes]

    def field(self, name: str) -> dict[str, str]:
        """Attributes of the one control called `name`."""
        (found,) = [attributes for attributes in self.having("name") if attributes["name"] == name]
        return found

    @property
    def actions(self) -> list[str]:
        """Values of the buttons, in order."""
        return [attributes["value"] for tag, attributes in self.elements if tag == "button"]
