"""Bodies as the providers send them, one file each, retyped from their pages and from captures."""

from pathlib import Path

from channels.contract import RawRequest

FOLDER = Path(__file__).parent / "payloads"


def body(name: str) -> bytes:
    """The raw bytes of a payload such as `africastalking/ussd_first.form`."""
    return (FOLDER / name).read_bytes()


def posted(name: str) -> RawRequest:
    """A payload as it comes in."""
    return RawRequest("POST", body(name))
