"""Opens the operator's house from the environment: settings, operator's folder, database."""

from importlib.resources import as_file, files

from core.clock import Clock, SystemClock
from core.config.operator import EXAMPLE_SECRET, Operator, Settings, read_operator
from core.context import App
from core.db.engine import Database
from core.errors import BadInput
from core.journeys.follow import follow
from core.notices.own_texts import load_folder as load_words

SHORTEST_SECRET = 32


def example_operator() -> Operator:
    """The electricity utility of `examples/`: what the dialogs are proved and drawn with."""
    with as_file(files("examples") / "electricity") as folder:
        return read_operator(folder)


def check_secrets(settings: Settings) -> None:
    """Refuse to serve with a secret that is missing, short, or the example's."""
    needed = {"HODI_SECRET_KEY": settings.secret_key, "HODI_HOOK_SECRET": settings.hook_secret}
    for name, secret in needed.items():
        value = secret.get_secret_value()
        if value == EXAMPLE_SECRET or len(value) < (SHORTEST_SECRET if name == "HODI_SECRET_KEY" else 16):
            raise BadInput(
                name,
                "is missing, short, or the example's.",
                "Set it to something long and random: `openssl rand -hex 32`.",
            )


async def open_house(settings: Settings | None = None, clock: Clock | None = None) -> App:
    """The house, its database open; `BadInput` says what is not set."""
    settings = settings or Settings()
    if settings.operator is None:
        raise BadInput(
            "HODI_OPERATOR",
            "is not set.",
            "Make an operator's folder with `hodi init FOLDER` and set HODI_OPERATOR to it.",
        )
    operator = read_operator(settings.operator)
    load_words(settings.operator)
    return App(clock or SystemClock(), operator, Database(settings.database_url), settings, follow)


LONGEST_LINK = 40


def link_warning(settings: Settings) -> str | None:
    """A sentence if a paylink of this public URL is longer than an SMS can well carry."""
    length = len(f"{settings.public_url.rstrip('/')}/p/") + 22
    if length <= LONGEST_LINK:
        return None
    return f"HODI_PUBLIC_URL makes links of {length} characters; over {LONGEST_LINK} a notice may need a second SMS"
