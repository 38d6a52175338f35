"""The frame of a page: markup and style in one file, readable on light and dark screens and on paper.

In: markup. Out: a document that asks nobody for anything.
"""

from collections.abc import Iterable, Sequence
from html import escape

from simulation.reports.style import BLUE, FAINT, GRID, INK, PAPER, RED, css_colours, css_name

_STYLE = """
:root {color-scheme: light dark; --font: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; LIGHT}
@media (prefers-color-scheme: dark) {:root {DARK}}
* {box-sizing: border-box}
body {margin: 0; background: PAPER; color: INK; font: 16px/1.55 var(--font)}
main {max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem}
h1 {font-size: 2rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.015em}
h2 {font-size: 1.25rem; margin: 3rem 0 .4rem; padding-top: 1.2rem; border-top: 1px solid GRID}
h3 {font-size: 1rem; margin: 1.6rem 0 .4rem}
p {margin: .5rem 0; max-width: 44rem}
.kind {color: FAINT; text-transform: uppercase; letter-spacing: .08em; font-size: .75rem; margin: 0 0 .3rem}
dl {display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: 1px; margin: 1.6rem 0 0;
 background: GRID; border: 1px solid GRID; border-radius: .5rem; overflow: hidden}
dl div {background: PAPER; padding: .7rem .9rem}
dt {color: FAINT; font-size: .78rem} dd {margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums}
figure {margin: 1.4rem 0} figure svg {display: block; width: 100%; height: auto}
figcaption {color: FAINT; font-size: .86rem; margin-top: .3rem; max-width: 44rem}
.scroll {overflow-x: auto; margin: 1rem 0}
table {border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums}
th {text-align: left; color: FAINT; font-weight: 500; font-size: .8rem}
th, td {padding: .42rem .7rem .42rem 0; border-bottom: 1px solid GRID; vertical-align: top}
.n {text-align: right}
.pass, .miss {font-weight: 600; white-space: nowrap} .pass {color: BLUE} .miss {color: RED}
code {font: .86em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere}
footer {margin-top: 3rem; padding-top: 1rem; border-top: 1px solid GRID; color: FAINT; font-size: .86rem}
@media print {main {max-width: none; padding: 0} h2 {break-after: avoid} figure {break-inside: avoid}}
"""


def document(title: str, body: str) -> str:
    """A whole page."""
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head>\n"
        f"<body><main>{body}</main></body></html>\n"
    )


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Sequence[str] = (),
    *,
    marks: bool = False,
) -> str:
    """``numbers``: columns that stand to the right. ``marks``: the last column says ``pass`` or ``miss``."""
    kinds = [' class="n"' if header in numbers else "" for header in headers]
    head = "".join(f"<th{kind}>{escape(header)}</th>" for header, kind in zip(headers, kinds, strict=True))
    lines = []
    for row in rows:
        texts = [escape(str(value)) for value in row]
        if marks:
            sign = "\u2713" if texts[-1] == "pass" else "\u2717"
            texts[-1] = f'<span class="{texts[-1]}">{sign} {texts[-1]}</span>'
        cells = "".join(f"<td{kind}>{text}</td>" for text, kind in zip(texts, kinds, strict=True))
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _style() -> str:
    light, dark = css_colours()
    text = _STYLE.replace("LIGHT", light).replace("DARK", dark)
    for word, colour in (
        ("PAPER", PAPER),
        ("INK", INK),
        ("FAINT", FAINT),
        ("GRID", GRID),
        ("BLUE", BLUE),
        ("RED", RED),
    ):
        text = text.replace(word, css_name(colour))
    return text
