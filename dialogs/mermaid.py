"""Draws a flow from the very table that runs it: Mermaid, one page a flow. A stale drawing fails the tests."""

from pathlib import Path

from core.text import pattern
from dialogs.book import FlowBook
from dialogs.flow_digest import Edge, edges
from dialogs.model import LEFT, WANTED, Act, Ask, End, Flow, Fork, Menu, Pick, Say, State

_SHAPES = {
    Menu: ("[", "]"), Say: ("[", "]"), Pick: ("[/", "/]"), Ask: ("[\\", "\\]"), End: ("([", "])"), Fork: ("{", "}"),
    Act: ("[[", "]]"),
}  # fmt: skip


def draw_flow(book: FlowBook, flow: Flow) -> str:
    """The page of one flow: what stands before it, and its picture with the English words."""
    lines = [f"# {flow.name}", ""]
    if flow.guards:
        lines += [f"First passes: {', '.join(f'[{guard}]({guard}.md)' for guard in flow.guards)}.", ""]
    lines += ["```mermaid", "flowchart TD", f"    start(( )) --> {flow.start}_"]
    outside: set[str] = set()
    for name, state in flow.states.items():
        lines.append(f"    {name}_{_box(state)}")
        lines += [f"    {name}_ -->{_label(edge)} {_target(flow, edge.to, outside)}" for edge in edges(state)]
    lines += [f"    {name}{{{{{name}}}}}" for name in sorted(outside)]
    return "\n".join([*lines, "```", ""])


def draw_all(book: FlowBook) -> dict[str, str]:
    """File name -> page, with a first page that names them all."""
    rows = [f"- [{flow.name}]({flow.name}.md)" for flow in book.flows.values()]
    head = (
        "Drawn by `hodi dialogs draw` from the tables in `dialogs/flows`. Do not edit: a stale drawing fails the tests."
    )
    legend = (
        "A box is shown to the customer; a box that leans right is a list made of what we know; one that leans left is a "
        "question; a round one ends the session; a diamond and a double box are passed without being shown. `0` goes back and "
        "`00` home from every screen but the first."
    )
    first = "\n".join(["# The dialogs", "", head, "", legend, "", *rows, ""])
    return {"README.md": first} | {f"{flow.name}.md": draw_flow(book, flow) for flow in book.flows.values()}


def write_all(book: FlowBook, folder: Path) -> list[Path]:
    """Write every page into `folder`; which ones changed."""
    changed = []
    for name, page in draw_all(book).items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != page:
            path.write_text(page, "utf-8")
            changed.append(path)
    return changed


def _box(state: State) -> str:
    left, right = _SHAPES[type(state)]
    return f'{left}"{_safe(_words(state))}"{right}'


def _words(state: State) -> str:
    if isinstance(state, Fork):
        asks = state.judge or (state.load.ask if state.load else None)
        return (asks.__name__ if asks else "").replace("_", " ") + "?"
    if isinstance(state, Act):
        return state.run.do.__name__.replace("_", " ")
    return pattern("en", state.text)


def _label(edge: Edge) -> str:
    key, _, outcome = edge.label.partition(": ")
    try:
        words = pattern("en", key)
    except KeyError:
        words = key
    full = f"{words}: {outcome}" if outcome else words
    return f'|"{_safe(full)}"|' if full else ""


def _target(flow: Flow, target: str, outside: set[str]) -> str:
    if target in flow.states:
        return f"{target}_"
    named = {WANTED: "what was wanted", LEFT: "where it was left"}.get(target, target).replace(" ", "_")
    outside.add(named)
    return named


def _safe(words: str) -> str:
    return words.replace('"', "'").replace("\n", "<br>").replace("{", "‹").replace("}", "›").replace("#", "＃")
