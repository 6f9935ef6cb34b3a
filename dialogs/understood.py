"""What a message that opens a conversation is taken for: a keyword, else a guess."""

from dialogs.classify import guess
from dialogs.confusion_matrix import NONE
from dialogs.intents import find


def taken_for(text: str, lang: str) -> str:
    """The flow it leads to; `none` when it is answered with the menu, kindly where the message was kind."""
    meant = find(text) or guess(text, lang)
    return meant.flow if meant and not meant.greet else NONE
