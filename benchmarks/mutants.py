"""Mutation testing of what guards the journal: each small mistake must make a test fail.

    python -m benchmarks.mutants                      every mutant of every module of TESTS
    python -m benchmarks.mutants --sample 300         so many of them, chosen by --seed
    python -m benchmarks.mutants accounts/sessions.py one module

One mutant after the other is written into a copy of the tree, and the module's tests run there
until one fails. What no test notices has survived, and is listed with its line. With --write the
table goes to docs/mutation.md. It is no part of `bin/test`: all of it takes hours. `branches` is
its neighbour.

Home-made, for mutmut and cosmic-ray would be two more things to install, each with a configuration
and a database, for what is a page of Python here; and both want to run all tests for each mutant.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import environ
from pathlib import Path
from queue import SimpleQueue
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs/mutation.md"
SHORTEST = 20.0  # seconds that a run may take at least, and else five times what it takes unharmed
COPIED = ("src", "tests", "pyproject.toml")
LINKED = ("frontend", "config", "docs", "bin", "node_modules")

_VAULT = ("unit/vault/test_vault.py", "unit/vault/test_wiping.py", "spec/test_vectors.py")
_KEPT = (
    "unit/vault/test_session_keys.py",
    "unit/vault/test_wiping.py",
    "unit/accounts/test_carriers.py",
    "spec/test_vectors.py",
)
_SESSIONS = (
    "unit/accounts/test_carriers.py",
    "unit/accounts/test_sessions.py",
    "unit/accounts/test_no_key_left.py",
    "unit/accounts/test_history.py",
    "unit/accounts/test_changing_keys.py",
    "security/test_old_cookies.py",
)
_TURNING = ("unit/accounts/test_rotating.py", "unit/accounts/test_rehearsing.py")
_CODES = ("unit/accounts/test_codes.py", "web/test_second_factor.py")
TESTS: dict[str, tuple[str, ...]] = {
    "vault/cookie_key.py": _KEPT,
    "vault/keypage.py": (
        "unit/vault/test_key_page.py",
        "unit/vault/test_wiping.py",
        "spec/test_memory.py",
    ),
    "vault/keys.py": (*_VAULT, "spec/test_document.py"),
    "vault/padding.py": ("unit/vault/test_padding.py", "spec/test_vectors.py"),
    "vault/pae.py": ("unit/vault/test_pae.py", "spec/test_vectors.py"),
    "vault/purposes.py": ("unit/vault/test_purposes.py", *_VAULT),
    "vault/record.py": (
        *_VAULT,
        "spec/test_document.py",
        "spec/test_fuzz.py",
        "spec/test_tampering.py",
    ),
    "vault/recovery.py": ("unit/vault/test_recovery_code.py",),
    "vault/session_keys.py": _KEPT,
    "vault/sodium.py": (*_VAULT, "unit/vault/test_purposes.py", "spec/test_wycheproof.py"),
    "vault/vault.py": (*_VAULT, "unit/vault/test_key_page.py"),
    "accounts/carriers.py": _SESSIONS,
    "accounts/factors.py": ("unit/accounts/test_factors.py", *_CODES, "web/test_passkeys.py"),
    "accounts/half_open.py": (
        "unit/accounts/test_half_open.py",
        "unit/accounts/test_no_key_left.py",
        "web/test_second_factor.py",
    ),
    "accounts/one_time.py": ("unit/accounts/test_one_time.py", *_CODES),
    "accounts/rotation.py": _TURNING,
    "accounts/sessions.py": _SESSIONS,
    "accounts/turning.py": (*_TURNING, "web/test_rotating.py"),
    "accounts/wraps.py": (
        "unit/accounts/test_wraps.py",
        "unit/accounts/test_rehearsing.py",
        "unit/accounts/test_changing_keys.py",
        "web/test_passkeys.py",
    ),
    "storage/resealing.py": (*_TURNING, "spec/test_rotation.py"),
}
"""The modules, and which tests are asked about each, the quickest first."""

_OTHER: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `holder`, a node or a list of them, `key` becomes `value`."""

    line: int
    says: str
    holder: Any
    key: str | int
    value: Any

    def source(self, tree: ast.Module) -> str:
        """The module with the mistake in it; the tree is as it was afterwards."""
        before = self._put(self.value)
        try:
            return ast.unparse(tree)
        finally:
            self._put(before)

    def _put(self, value: Any) -> Any:
        if isinstance(self.key, int):
            before, self.holder[self.key] = self.holder[self.key], value
        else:
            before = getattr(self.holder, self.key)
            setattr(self.holder, self.key, value)
        return before


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every mistake that is made in a module, in the order of its lines."""
    yield from sorted(_within(tree), key=lambda each: each.line)


def _within(node: ast.AST) -> Iterator[Mutant]:
    yield from _of(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params") or _is_words(node):
            continue
        for n, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            if isinstance(value, list) and isinstance(child, ast.stmt) and _may_go(child):
                yield Mutant(child.lineno, "is left out", value, n, ast.Pass())
            yield from _within(child)


def _of(node: ast.AST) -> Iterator[Mutant]:
    """The mistakes of one node itself."""
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            yield Mutant(line, _swap(op), node.ops, n, _OTHER[type(op)]())
    elif isinstance(node, (ast.BoolOp, ast.BinOp, ast.AugAssign)) and type(node.op) in _OTHER:
        yield Mutant(line, _swap(node.op), node, "op", _OTHER[type(node.op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, bytes, str)):
        yield Mutant(line, f"{node.value!r:.20} is another", node, "value", _other(node.value))
    elif isinstance(node, ast.Return) and node.value and not _is_none(node.value):
        yield Mutant(line, "returns None", node, "value", ast.Constant(None))
    if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
            yield Mutant(line, "without not", node, "test", node.test.operand)
        elif not isinstance(node.test, (ast.Compare, ast.BoolOp)):
            yield Mutant(line, "if not", node, "test", ast.UnaryOp(ast.Not(), node.test))


def _other(value: bool | float | bytes | str) -> Any:
    if isinstance(value, bool):
        return not value
    return value + {str: "x", bytes: b"x"}.get(type(value), 1)  # pyright: ignore[reportOperatorIssue]


def _swap(op: ast.AST) -> str:
    return f"{type(op).__name__} is {_OTHER[type(op)].__name__}"


def _may_go(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return all(isinstance(each, (ast.Attribute, ast.Subscript)) for each in statement.targets)
    return isinstance(statement, (ast.Expr, ast.Raise, ast.AugAssign, ast.Delete))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_words(node: ast.AST) -> bool:
    """An error with its sentence, or a type's name for itself: another one would be as good."""
    named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TypeVar"
    return named or isinstance(node, ast.Raise)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


# --- running ------------------------------------------------------------------------------------


class Ground:
    """A copy of the tree in which mutants live, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ignore = shutil.ignore_patterns("__pycache__")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=ignore)
            else:
                shutil.copy(ROOT / name, folder / name)
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)

    def kills(self, module: str, source: str, seconds: float) -> bool:
        """Whether the module's tests notice that it reads like this. Never ending is noticed."""
        path = self._folder / "src/llamora" / module
        path.write_text(source, "utf-8")
        # Within a second and of one size, a compiled file would be taken for the right one.
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            stale.unlink()
        tests = [str(self._folder / "tests" / name) for name in TESTS[module]]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *tests],
                cwd=self._folder,
                env=dict(environ) | {"PYTHONPATH": str(self._folder / "src")},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        finally:
            path.write_text((ROOT / "src/llamora" / module).read_text("utf-8"), "utf-8")
        return done.returncode != 0


@dataclass(frozen=True)
class Result:
    """How one module's mutants fared."""

    module: str
    made: int
    survived: tuple[Mutant, ...]


def run(module: str, chosen: Sequence[Mutant], tree: ast.Module, ground: Ground) -> Result:
    """Runs the module's tests on each mutant, one after the other.

    Raises:
        SystemExit: the tests fail on the module as it is, so they would tell nothing.
    """
    began = time.monotonic()
    if chosen and ground.kills(module, ast.unparse(tree), 600):
        raise SystemExit(f"The tests of {module} fail without any mistake in it.")
    seconds = max(SHORTEST, 5 * (time.monotonic() - began))
    died = [ground.kills(module, each.source(tree), seconds) for each in chosen]
    survived = tuple(each for each, dead in zip(chosen, died, strict=True) if not dead)
    print(f"{module}: {len(chosen)} made, {len(survived)} survived", flush=True)
    for each in survived:
        print(f"  {each.line}: {each.says}", flush=True)
    return Result(module, len(chosen), survived)


def table(results: Sequence[Result], about: str) -> str:
    """The part of docs/mutation.md that tells of it: a line a module, with its survivors'."""
    made = sum(each.made for each in results)
    left = sum(len(each.survived) for each in results)
    lines = [
        f"**{made - left} of {made} killed, {(made - left) / max(made, 1):.1%}.** {about}",
        "",
        "| module | mutants | killed | survived | lines of the survivors |",
        "|---|---|---|---|---|",
    ]
    for each in results:
        said = ", ".join(f"{one.line} ({one.says})" for one in each.survived)
        killed = each.made - len(each.survived)
        row = (f"`{each.module}`", each.made, killed, len(each.survived), said.replace("|", "\\|"))
        lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(lines)


def put(page: Path, name: str, text: str) -> None:
    """Writes a table into a page, between the two marks of its name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes mistakes, and sees whether tests notice.")
    parser.add_argument("modules", nargs="*", default=list(TESTS), help="such as vault/padding.py")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md")
    given = parser.parse_args()
    sources = ((name, ROOT / "src/llamora" / name) for name in given.modules)
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in sources}
    made = [(name, mutant) for name, tree in trees.items() for mutant in mutants(tree)]
    all_of_them = len(made)
    if given.sample:
        made = random.Random(given.seed).sample(made, min(given.sample, len(made)))
    chosen_of = {name: [one for its, one in made if its == name] for name in trees}
    longest_first = sorted(trees, key=lambda name: len(chosen_of[name]), reverse=True)
    free: SimpleQueue[Ground] = SimpleQueue()

    def run_on_free_ground(name: str) -> Result:
        ground = free.get()
        try:
            return run(name, chosen_of[name], trees[name], ground)
        finally:
            free.put(ground)

    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(given.jobs) as pool,
    ):
        for n in range(given.jobs):
            (Path(folder) / str(n)).mkdir()
            free.put(Ground(Path(folder) / str(n)))
        found = {each.module: each for each in pool.map(run_on_free_ground, longest_first)}
    results = [found[name] for name in trees]
    chosen = f"{len(made)} of {all_of_them} mutants, chosen with seed {given.seed}."
    text = table(results, chosen if given.sample else f"All {all_of_them} mutants.")
    print(text)
    if given.write:
        put(TABLE, "mutants", text)


if __name__ == "__main__":
    main()
