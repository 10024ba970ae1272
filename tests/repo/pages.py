"""The house's rules over its Markdown pages: each takes a page, or all of them, and yields the breaches.

Whether what a page says is true is tested where it can be tried (tests/docs); here is whether it holds together.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

_FENCE = re.compile(r"^(```+)(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_OPERATORS = re.compile(r"[|&;<>()]+$")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True)
class Page:
    """A page: its path below the root, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @cached_property
    def headings(self) -> list[str]:
        """Every heading, as written."""
        return _HEADING.findall(self.prose)

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What links may point at, as GitHub names headings: the second of a name gets -1."""
        seen: list[str] = []
        for heading in self.headings:
            bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            name = re.sub(r"[^\w\- ]", "", bare.lower()).replace(" ", "-")
            seen.append(name if name not in seen else f"{name}-{seen.count(name)}")
        return frozenset(seen)

    @cached_property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return _LINK.findall(_SPAN.sub("", self.prose))


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the program: its options, the options that must be there, how many words it takes besides."""

    options: Mapping[str, bool]
    """Name -> whether a value follows."""
    required: frozenset[str] = frozenset()
    words: int = 0


Program = Mapping[tuple[str, ...], Command]
"""`("apps", "show")` -> the command; a noun alone is there with nothing."""


def dead_links(page: Page, others: Mapping[PurePosixPath, Page], files: Collection[PurePosixPath]) -> Iterator[str]:
    """A relative link leads to a file or folder that is there, and its anchor to a heading of it."""
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = _normal(page.path.parent / target) if target else page.path
        is_there = path in others if anchor else path in files
        if not is_there or (anchor and anchor not in others[path].anchors):
            yield f"{page.path}: {link}"


def wrong_commands(page: Page, program: Program) -> Iterator[str]:
    """A line that calls the program names a command that is there, its options, and all that it must have."""
    for words in called(page):
        problem = judge(words, program, whole=True)
        if problem:
            yield f"{page.path}: callgate {' '.join(words)}: {problem}"
    for words in mentioned(page.prose):
        problem = judge(words, program, whole=False)
        if problem:
            yield f"{page.path}: `callgate {' '.join(words)}`: {problem}"


def wrong_recipes(page: Page, recipes: Collection[str]) -> Iterator[str]:
    """`./dev RECIPE` names a recipe of the justfile."""
    for recipe in re.findall(r"\./dev ([a-z]+)", page.text):
        if recipe not in recipes:
            yield f"{page.path}: ./dev {recipe}"


def foreign_sources(page: Page) -> Iterator[str]:
    """A page for users cites what users can read: RFCs and the project's own pages."""
    for found in re.findall(r"(?<![\w/])(?:performance|goals|style)\.md", page.text):
        yield f"{page.path}: {found}"


def called(page: Page) -> Iterator[list[str]]:
    """Each call of the program in the page's shell blocks, by its words after the program's name."""
    for _, language, body in _FENCE.findall(page.text):
        if language in {"sh", "console"}:
            for line in re.sub(r"\\\n\s*", "", body).splitlines():
                typed = line if language == "sh" else re.sub(r"^[$#] ", "", line)
                yield from _calls(typed)


def mentioned(prose: str) -> Iterator[list[str]]:
    """Each call of the program in a span of code in running text."""
    for span in _SPAN.findall(prose):
        words = " ".join(span.split()).split(" ")
        if words[0] == "callgate" and words[1:2] not in ([], ["…"], ["is"]):
            yield words[1:]


def judge(words: list[str], program: Program, *, whole: bool) -> str | None:
    """What is wrong with a call; a mention in running text may leave out what it does not speak of."""
    name = next((tuple(words[:size]) for size in (2, 1) if tuple(words[:size]) in program), None)
    if name is None:
        return "there is no such command"
    command, rest = program[name], words[len(name) :]
    given: set[str] = set()
    positional = 0
    position = 0
    while position < len(rest):
        word, _, value = rest[position].partition("=")
        position += 1
        if not word.startswith("--"):
            positional += word != "…" and not word.startswith("[")
            continue
        if word not in command.options:
            return f"there is no option {word}"
        given.add(word)
        if command.options[word] and not value:
            position += 1
    if positional > command.words:
        return f"it takes {command.words} words, not {positional}"
    if whole and (missing := command.required - given):
        return f"it lacks {', '.join(sorted(missing))}"
    return f"it takes {command.words} words, not {positional}" if whole and positional < command.words else None


def _calls(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line.replace("…", "X"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    simple: list[str] = []
    for word in [*lexer, ";"]:
        if not _OPERATORS.match(word):
            simple.append(word)
            continue
        if word.startswith(">") and simple[-1:] == ["2"]:
            simple.pop()  # the descriptor of `2>`
        found = _program_words(simple)
        if found is not None:
            yield found
        # What follows a redirection is a file, and ends the words that count.
        simple = [""] if word[0] in "<>" else []


def _program_words(words: list[str]) -> list[str] | None:
    """The words after the program's name, which may stand after variables and `runuser -u NAME --`."""
    rest = list(words)
    while rest and (_ASSIGNMENT.match(rest[0]) or rest[0] in {"env", "runuser"}):
        del rest[: 4 if rest[0] == "runuser" else 1]
    return rest[1:] if rest and PurePosixPath(rest[0]).name == "callgate" else None


def _normal(path: PurePosixPath) -> PurePosixPath:
    """Without `..`; what leads out of the project is nowhere."""
    parts: list[str] = []
    for part in path.parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return PurePosixPath("/")
    return PurePosixPath(*parts)
