"""Which test keeps which clause, as the tests themselves say: `@pytest.mark.requirement("RFC 6749 section 4.1.2")`.

The other half, what each clause asks for, is docs/requirements.toml; test_requirements.py compares the two.
"""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "docs" / "requirements.toml"

Claim = tuple[str, str]
"""A clause, and the test that keeps it: its file from the root, and its name."""


@cache
def claims_below(folder: Path) -> set[Claim]:
    """Every clause that a test below a folder is marked with; not while tests are collected, in every worker."""
    return {
        claim
        for path in sorted(folder.rglob("test_*.py"))
        if "node_modules" not in path.parts
        for claim in claims_of(path.relative_to(ROOT).as_posix(), path.read_text())
    }


def claims_of(path: str, source: str) -> set[Claim]:
    """The same of one file."""
    return {
        (clause, f"{path}::{node.name}")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for decorator in node.decorator_list
        for clause in marks_in(decorator)
    }


def marks_in(decorator: ast.expr) -> list[str]:
    """The clauses of one decorator, none for any other."""
    match decorator:
        case ast.Call(func=ast.Attribute(attr="requirement"), args=args):
            return [str(argument.value) for argument in args if isinstance(argument, ast.Constant)]
        case _:
            return []


def lines_for(claims: set[Claim]) -> str:
    """What to write in the manifest for these claims."""
    return "\n".join(f'["{clause}"]  tests: "{test}",' for clause, test in sorted(claims))
