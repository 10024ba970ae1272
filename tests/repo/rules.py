"""The house's rules over source text that no linter has: each takes a module and yields its breaches.

What ruff, mypy or import-linter can say belongs in pyproject.toml instead.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 6
POSITIONAL_MAX = 2

IMPOSED_SIGNATURES = frozenset(
    {
        ("scope", "receive", "send"),  # ASGI
        ("logger", "method_name", "event_dict"),  # structlog's processors
        ("host", "port", "timeout", "local_address", "socket_options"),  # httpcore's network backend
    }
)
"""Positional parameters that somebody else fixed."""

DECISION_PARAMETERS = ("request", "facts", "evidence", "moment")
"""What every decision sees, in the architecture's order: a function may take any of these by position."""

VAGUE = frozenset({"base", "common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"})
"""Names that say nothing about what belongs inside."""

SECRET_NAME = re.compile(
    r"(?:^|_)(?:secret|token|password|digest|hash|sha256|mac|signature|verifier|challenge)s?$", re.IGNORECASE
)
"""The last part of an identifier whose value must never be compared byte by byte."""

SQL_WRITE = re.compile(r"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE \w+ SET|UPDATE OR|DELETE FROM|REPLACE INTO)\b")
SQL_READ = re.compile(r"^\s*(?:WITH [^;]*\) )?SELECT\b")

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """A module of ours: its path below src/callgate, its text, its tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        """The package it lies in, or its own name at the top: `protocol`, `app`."""
        return self.path.with_suffix("").parts[0]

    def place(self, node: ast.AST) -> str:
        """Where a reader finds a node."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def parse(path: str, text: str) -> Module:
    """A module from its text."""
    return Module(PurePosixPath(path), text, ast.parse(text))


@cache
def read_modules(root: Path) -> list[Module]:
    """Every module below a folder; not while tests are collected, in every worker."""
    return [parse(str(p.relative_to(root)), p.read_text()) for p in sorted(root.rglob("*.py"))]


def long_modules(module: Module) -> Iterator[str]:
    """A module has at most 400 lines: more hides a second subject."""
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{module.path}: {lines} lines"


def long_functions(module: Module) -> Iterator[str]:
    """A function has at most 60 lines, its docstring among them."""
    for function in functions(module):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield f"{module.place(function)} {function.name}: {lines} lines"


def many_parameters(module: Module) -> Iterator[str]:
    """A function has at most 6 parameters, and at most two of them by position (self apart)."""
    for function in functions(module):
        positional = positional_names(function)
        count = len(positional) + len(function.args.kwonlyargs)
        if count > PARAMETERS_MAX:
            yield f"{module.place(function)} {function.name}: {count} parameters"
        imposed = positional in IMPOSED_SIGNATURES or is_dunder(function.name) or sees_a_decision(positional)
        if len(positional) > POSITIONAL_MAX and not imposed:
            yield f"{module.place(function)} {function.name}: {len(positional)} by position"


def impure_code(module: Module) -> Iterator[str]:
    """The pure floors judge values: nothing waits, is raised or caught, is read or printed."""
    if module.floor not in {"model", "protocol"}:
        return
    waits = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    for node in ast.walk(module.tree):
        if isinstance(node, (*waits, ast.Raise, ast.Try, ast.TryStar)):
            yield f"{module.place(node)} {type(node).__name__}"
        if isinstance(node, ast.Call) and last_name(node.func) in {"open", "print", "input", "exec", "eval"}:
            yield f"{module.place(node)} {last_name(node.func)}()"


def writes_outside_save(module: Module) -> Iterator[str]:
    """Rows are written in storage/save alone, so that a change is a value everywhere else."""
    if not lies_in_storage(module, "save"):
        for node, text in strings(module):
            if SQL_WRITE.search(text):
                yield f"{module.place(node)} {text.strip()[:40]!r}"


def reads_outside_load(module: Module) -> Iterator[str]:
    """Rows are read in storage/load alone, so that what a decision may see is listed in one place."""
    if not lies_in_storage(module, "load"):
        for node, text in strings(module):
            if SQL_READ.search(text):
                yield f"{module.place(node)} {text.strip()[:40]!r}"


def leaky_comparisons(module: Module) -> Iterator[str]:
    """Secrets are compared in constant time: `==` stops at the first difference, and a clock hears it."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for before, operator, after in zip(sides, node.ops, sides[1:], strict=False):
            by_byte = isinstance(operator, ast.Eq | ast.NotEq) or (
                isinstance(operator, ast.In | ast.NotIn) and isinstance(after, ast.Tuple | ast.List)
            )
            if by_byte and not (is_plain(before) or is_plain(after)) and (is_secret(before) or is_secret(after)):
                yield f"{module.place(node)} {ast.unparse(node)}"


def vague_names(module: Module) -> Iterator[str]:
    """A module or class is named for what belongs in it."""
    for part in module.path.with_suffix("").parts:
        if part in VAGUE:
            yield f"{module.path}: {part}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and re.search(r"(?:Manager|Helper|Util)s?$", node.name):
            yield f"{module.place(node)} {node.name}"


def unfinished_code(module: Module) -> Iterator[str]:
    """What is there works: no promise for later, no function without a body (protocols apart)."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(r"#.*\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", line):
            yield f"{module.path}:{number} {line.strip()}"
    declared = {
        id(member)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(last_name(base) == "Protocol" for base in node.bases)
        for member in node.body
    }
    for function in functions(module):
        decorators = {last_name(decorator) for decorator in function.decorator_list}
        if id(function) in declared or decorators & {"overload", "abstractmethod"}:
            continue
        if all(is_filler(statement) for statement in function.body):
            yield f"{module.place(function)} {function.name}: empty"


def unexplained_exceptions(module: Module) -> Iterator[str]:
    """Each `noqa` and `type: ignore` carries its reason, behind it or on the line above."""
    above = ""
    for number, line in enumerate(module.text.splitlines(), 1):
        marked = re.search(r"# *(?:noqa: [A-Z0-9, ]+|type: ignore\[[^]]*\])(.*)", line)
        if marked and not re.search(r"[a-z]{2}", marked[1]) and not above.strip().startswith("#"):
            yield f"{module.path}:{number} {line.strip()}"
        above = line


def unregistered_grants(modules: list[Module]) -> Iterator[str]:
    """Every module of protocol/grants stands in ALL: a grant is not on because its file is there."""
    folder = PurePosixPath("protocol/grants")
    grants = {module.path.stem for module in modules if module.path.parent == folder} - {"__init__"}
    registry = next((module for module in modules if module.path == folder / "__init__.py"), None)
    registered = registered_modules(registry.tree) if registry else set()
    yield from (f"{folder / grant}.py is not in ALL" for grant in sorted(grants - registered))


def machine_paths(text: bytes, folders: tuple[Path, ...]) -> list[bytes]:
    """Paths below a checkout or a home: right on one machine, wrong on every other."""
    # Not inside a longer path: a home may be as short as /root.
    names = "|".join(re.escape(str(folder)) for folder in folders)
    return re.findall(rf"(?<![\w./-])(?:{names})/\S*".encode(), text)


def registered_modules(registry: ast.Module) -> set[str]:
    """The modules whose imports ALL mentions, whether it holds modules, their attributes or a mapping."""
    origin: dict[str, str] = {}
    mentioned: set[str] = set()
    for node in registry.body:
        match node:
            case ast.ImportFrom(module=str(source), names=names):
                inside = source.rpartition(".grants.")[2] if ".grants." in source else None
                origin |= {alias.asname or alias.name: inside or alias.name for alias in names}
            case (
                ast.Assign(targets=[ast.Name(id="ALL")], value=value)
                | ast.AnnAssign(target=ast.Name(id="ALL"), value=ast.expr() as value)
            ):
                mentioned = {name.id for name in ast.walk(value) if isinstance(name, ast.Name)}
            case _:
                pass  # the docstring
    return {origin[name] for name in mentioned if name in origin}


def functions(module: Module) -> Iterator[AnyFunction]:
    """Every function and method of a module, nested ones too."""
    yield from (node for node in ast.walk(module.tree) if isinstance(node, AnyFunction))


def positional_names(function: AnyFunction) -> tuple[str, ...]:
    """The parameters that a caller may give by position, but for what a function stands on.

    `self` and `cls` are not given by callers; `context` and `desk` come first in every service, as `self` does.
    """
    names = tuple(argument.arg for argument in (*function.args.posonlyargs, *function.args.args))
    return names[1:] if names[:1] in {("self",), ("cls",), ("context",), ("desk",)} else names


def sees_a_decision(names: tuple[str, ...]) -> bool:
    """Whether parameters are a decision's own, some or all of them, in their order."""
    return names == tuple(name for name in DECISION_PARAMETERS if name in names)


def lies_in_storage(module: Module, verb: str) -> bool:
    """Whether a module is the store's `load` or `save` (one file, `save_…` or a folder), or a migration."""
    if module.floor != "storage":
        return False
    return any(part == "migrations" or part.startswith(verb) for part in module.path.with_suffix("").parts[1:])


def strings(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every text of a module except its docstrings, with white space folded (SQL stands on many lines)."""
    prose = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node, re.sub(r"\s+", " ", node.value)


def is_dunder(name: str) -> bool:
    """Whether Python fixed a method's parameters."""
    return name.startswith("__") and name.endswith("__")


def is_filler(statement: ast.stmt) -> bool:
    """Whether a statement does nothing: a docstring, `...`, `pass`, or raising NotImplementedError."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.expr() as exception):
            return "NotImplementedError" in ast.unparse(exception)
        case _:
            return False


def is_plain(node: ast.expr) -> bool:
    """Whether a value is written in the source, and so is no secret: a literal, a constant's name."""
    return isinstance(node, ast.Constant) or last_name(node).isupper()


def is_secret(node: ast.expr) -> bool:
    """Whether an expression's name says that it holds a secret or what was made of one."""
    return bool(SECRET_NAME.search(last_name(node)))


def last_name(node: ast.expr) -> str:
    """The last identifier of a name, an attribute, a call or a subscript; empty for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return last_name(inner)
        case _:
            return ""
