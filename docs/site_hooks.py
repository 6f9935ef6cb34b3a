"""What the site does with a page before it is built: a drawn dialog becomes a table, because drawing it would fetch a script from somebody."""

import re
from typing import Any

DRAWING = re.compile(r"```mermaid\nflowchart TD\n(.*?)```", re.DOTALL)
EDGE = re.compile(r'(\w+)(?:\(\( \)\))? -->(?:\|"(.*)"\|)? (\w+)$')
BOX = re.compile(r"(\w+?)(?:\{\{|\(\[|\[\[|\[\\|\[/|\[|\{)(.*?)(?:\}\}|\]\)|\]\]|\\\]|/\]|\]|\})$")


def boxes(lines: list[str]) -> dict[str, str]:
    """What each box says, by its name."""
    found = (BOX.fullmatch(line) for line in lines)
    return {box[1]: box[2].strip('\\/[]"').replace("|", "\\|") for box in found if box}


def as_table(drawing: str) -> str:
    """Each edge as a row: what is shown, what is chosen, what comes then."""
    lines = [line.strip() for line in drawing.splitlines() if line.strip()]
    said = boxes(lines)
    edges = [edge for edge in map(EDGE.fullmatch, lines) if edge]
    left = {edge[1] for edge in edges}
    rows = ["| shown | chosen | then |", "|---|---|---|"]
    rows += [f"| {said.get(edge[1], 'start')} | {edge[2] or ''} | {said.get(edge[3], edge[3])} |" for edge in edges]
    rows += [f"| {words} | | the end, or another dialog |" for name, words in said.items() if name not in left]
    return "\n".join(rows)


def on_page_markdown(markdown: str, **_more: Any) -> str:
    """Called by MkDocs for every page."""
    return DRAWING.sub(lambda found: as_table(found[1]), markdown)
