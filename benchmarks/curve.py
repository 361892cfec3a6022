"""`uv run python -m benchmarks.curve [--of FILE ...] [--to FILE]`.

Draws how long a search takes against the size of the journal, both in powers of ten, from the
figures of one or several runs of `benchmarks`; beside it what grows as fast as the journal.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 90, 118, 20, 48
CURVES = (("p50", "search p50, ms"), ("p95", "search p95, ms"))

# In both colours of paper; where the picture is an image of its own, the reader's system decides.
STYLE = """
svg { --ink: #2b2723; --quiet: #6d655d; --line: #d9d2ca; --p50: #2f6f8f; --p95: #b0522d }
@media (prefers-color-scheme: dark) {
  svg { --ink: #ece6df; --quiet: #a79e95; --line: #4a443e; --p50: #7dbbd8; --p95: #e59a74 }
}
text { font: 13px system-ui, sans-serif; fill: var(--quiet) }
path { fill: none; stroke: var(--line) }
.p50, .p95 { stroke-width: 2.5; stroke-linejoin: round }
path.p50 { stroke: var(--p50) } .p50 { fill: var(--p50) }
path.p95 { stroke: var(--p95) } .p95 { fill: var(--p95) }
path.as-fast { stroke: var(--quiet); stroke-dasharray: 5 5 }
path.p50, path.p95 { fill: none }
"""

Point = tuple[float, float]


def main() -> None:
    asked = argparse.ArgumentParser(prog="benchmarks.curve", description=__doc__)
    asked.add_argument(
        "--of", type=Path, nargs="+", default=[Path("benchmarks/results/latest.json")]
    )
    asked.add_argument("--to", type=Path, default=Path("docs/images/search-growth.svg"))
    given = asked.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for file in given.of:
        figures |= json.loads(file.read_text())["figures"]
    given.to.write_text(drawn(figures))


def drawn(figures: Mapping[str, Mapping[str, float]]) -> str:
    """The picture of the figures of several sizes of journal, as SVG."""
    sizes = sorted(int(size) for size in figures)
    if len(sizes) < 2:
        raise SystemExit("A curve needs the figures of two sizes of journal.")
    curves = {name: [(n, figures[str(n)][figure]) for n in sizes] for name, figure in CURVES}
    start = curves["p50"][0]
    as_fast = [start, (sizes[-1], start[1] * sizes[-1] / sizes[0])]
    drawing = _Drawing([*as_fast, *curves["p50"], *curves["p95"]])
    drawing.grid(sizes)
    drawing.line("as-fast", as_fast, "as the journal")
    for name, points in curves.items():
        drawing.line(name, points, name, lift=8 if name == "p95" else -8)
        drawing.dots(name, points)
    return drawing.svg()


class _Drawing:
    """Lines over two logarithmic axes that hold all of `points`."""

    def __init__(self, points: Sequence[Point]) -> None:
        xs, ys = zip(*points, strict=True)
        self._x0, self._x1 = math.log10(min(xs)), math.log10(max(xs))
        self._y0, self._y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
        self._pieces: list[str] = []

    def grid(self, sizes: Sequence[int]) -> None:
        """A line for each power of ten milliseconds, a number for each size."""
        for power in range(self._y0, self._y1 + 1):
            y = self._y(10.0**power)
            self._pieces.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
            self._text(LEFT - 8, y + 4, f"{10.0**power:,g} ms", "end")
        for size in sizes:
            self._text(self._x(size), HEIGHT - BOTTOM + 20, f"{size:,}", "middle")
        middle = (LEFT + WIDTH - RIGHT) / 2
        self._text(middle, HEIGHT - 8, "entries in the journal", "middle")

    def line(self, name: str, points: Sequence[Point], label: str, lift: float = 0) -> None:
        """A line and its label at the end, raised by `lift` where another's stands below it."""
        path = "L".join(f"{self._x(x)} {self._y(y)}" for x, y in points)
        self._pieces.append(f'<path class="{name}" d="M{path}"/>')
        x, y = points[-1]
        self._text(self._x(x) + 10, self._y(y) + 4 - lift, label, "start", name)

    def dots(self, name: str, points: Sequence[Point]) -> None:
        for x, y in points:
            dot = f'<circle class="{name}" cx="{self._x(x)}" cy="{self._y(y)}" r="3.5">'
            self._pieces.append(f"{dot}<title>{x:,.0f} entries: {y:,.1f} ms</title></circle>")

    def svg(self) -> str:
        says = "Milliseconds of a search against the entries of a journal, both in powers of ten"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
            f"<title>{says}</title>\n<style>{STYLE}</style>\n"
            + "\n".join(self._pieces)
            + "\n</svg>\n"
        )

    def _text(self, x: float, y: float, text: str, anchor: str, name: str = "") -> None:
        of = f' class="{name}"' if name else ""
        self._pieces.append(f'<text{of} x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>')

    def _x(self, size: float) -> float:
        share = (math.log10(size) - self._x0) / (self._x1 - self._x0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def _y(self, milliseconds: float) -> float:
        share = (math.log10(milliseconds) - self._y0) / (self._y1 - self._y0)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


if __name__ == "__main__":
    main()
