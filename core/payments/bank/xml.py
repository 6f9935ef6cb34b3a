"""Walking the banks' XML by names alone: namespaces differ by version, the elements do not."""

from xml.etree.ElementTree import Element


def name_of(told: Element) -> str:
    """The name of an element, without its namespace."""
    return str(told.tag).rpartition("}")[2]


def every(told: Element, name: str) -> list[Element]:
    """The children of that name."""
    return [one for one in told if name_of(one) == name]


def first(told: Element | None, *path: str) -> Element | None:
    """The first element at a path of names."""
    for name in path:
        told = next((one for one in told if name_of(one) == name), None) if told is not None else None
    return told


def text_of(told: Element | None, *path: str) -> str:
    """Its text, or ""."""
    found = first(told, *path)
    return (found.text or "").strip() if found is not None else ""
