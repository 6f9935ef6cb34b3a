"""Wishes to hear no more of us in other words than STOP. They are never taken for it: the answer says which word to send.

A phrase that stands alone (`please stop`) counts only as the whole message; the others wherever they stand, side by side.
"""

from functools import cache

ALONE = (
    "please stop|please unsubscribe|unsubscribe please|pls stop|plz stop|stop please|stop pls|stop it|stop this|stop now|stop stop|just stop|stop messages|opt out|optout|"
    "no more|leave me alone|"
    "tafadhali acha|acha tafadhali|naomba acha|acheni|acheni tafadhali|tafadhali acheni|komesha|jiondoe|nitoe|nitoeni|niondoe|niondoeni|"
    "arretez|arretez svp|arretez s il vous plait|s il vous plait arretez|svp arretez|stop svp|stop s il vous plait|stoppez|cessez|"
    "laissez moi tranquille|"
    "don allah daina|don allah ku daina|ku daina|daina don allah|ku bar ni|ku kyale ni|"
    "xin dung|xin dung lai|vui long dung|lam on dung|dung lai|dung lai di|huy di|ngung|ngung lai|dung lam phien|"
    "stop aub|stop alstublieft|stop alsjeblieft|alstublieft stop|alsjeblieft stop|aub stop|stop ermee|hou op|ophouden|laat me met rust"
)
WITHIN = (
    "unsubscribe me|unsubscribe from|to unsubscribe|please unsubscribe me|opt me out|opt out of|want to opt out|stop sending|stop texting|stop messaging|stop message|stop text|stop sms|stop spam|"
    "stop the message|stop these message|stop your message|stop all message|stop this message|stop the sms|stop these sms|stop your sms|"
    "stop these text|stop writing|stop contacting|stop disturbing|stop bothering|stop whatsapp|no more message|no more sms|no more text|"
    "remove my number|remove me from|take me off|do not text me|do not message me|do not contact me|do not write to me|"
    "don t text me|don t message me|don t contact me|dont text me|dont message me|dont contact me|do not send me message|"
    "do not send me sms|don t send me message|dont send me message|do not want your message|do not want message|"
    "don t want message|don t want your message|dont want message|not want to receive message|not want to receive sms|not want to receive any|don t want to receive|stop receiving|"
    "sitaki ujumbe|sitaki meseji|sitaki sms|sitaki message|sitaki tena ujumbe|sitaki jumbe|sihitaji ujumbe|acha kunitumia|acheni kunitumia|"
    "acha kutuma|acheni kutuma|msinitumie|usinitumie|msitume ujumbe|simamisha ujumbe|komesha ujumbe|acha ujumbe|acheni ujumbe|"
    "mniondoe|niondoeni kwenye|niondoe kwenye|nitoe kwenye|nitoeni kwenye|mnitoe|kujiondoa|kujitoa kwenye|acha sms|acheni sms|"
    "desabonnez|me desabonner|desabonnement|me desinscrire|desinscri|arretez de m|arretez d envoyer|arretez les message|arretez vos message|arretez les sms|arretez vos sms|"
    "arreter les message|arreter les sms|arreter vos message|plus de message|plus de sms|plus recevoir|plus vos message|plus vos sms|"
    "ne m envoyez plus|ne m envoyez pas|cessez de m|cessez d envoyer|stoppez les|stop aux message|stop aux sms|retirez moi|retirez mon numero|"
    "supprimez mon numero|enlevez moi|"
    "daina turo|daina aiko|daina aika|daina tura|daina sako|daina sakonni|bana son sako|ba na son sako|ba na so sako|bana so sako|"
    "kada ku turo|kada ku sake|kada ku kara|cire ni daga|ku cire ni|cire lambata|ku cire lambata|cire sunana|"
    "dung gui|dung nhan tin|ngung gui|ngung nhan tin|ngung tin nhan|dung tin nhan|khong muon nhan tin|khong muon nhan sms|khong muon nhan nua|"
    "khong nhan tin nua|khong nhan tin nhan|huy dang ky nhan|huy nhan tin|huy tin nhan|tu choi nhan tin|tu choi tin nhan|thoi gui|khong gui nua|"
    "xoa so cua toi|xoa so dien thoai cua toi|"
    "uitschrijv|schrijf me uit|schrijf mij uit|meld me af|meld mij af|me afmelden|mij afmelden|wil afmelden|geen berichten meer|geen bericht meer|geen sms meer|wil geen bericht|wil geen sms|geen appjes meer|"
    "stop met bericht|stop met sturen|stop met sms|stop met appen|stop met whatsapp|stop bericht|stop de bericht|stop deze bericht|"
    "niet meer ontvangen|niks meer ontvangen|stuur me geen|stuur mij geen|verwijder mijn nummer|verwijder mij|haal me van de lijst|"
    "haal mijn nummer"
)


@cache
def _alone() -> frozenset[str]:
    return frozenset(ALONE.split("|"))


@cache
def _within() -> dict[str, tuple[tuple[str, ...], ...]]:
    """The runs by the first letters of their first stem."""
    runs: dict[str, tuple[tuple[str, ...], ...]] = {}
    for phrase in WITHIN.split("|"):
        run = tuple(phrase.split())
        runs[run[0][:2]] = (*runs.get(run[0][:2], ()), run)
    return runs


def wants_opt_out(words: list[str]) -> bool:
    """Whether somebody asks not to be written to, in plain words (`intents.plain`)."""
    if " ".join(words) in _alone():
        return True
    runs = _within()
    return any(_begins(words[at:], run) for at, word in enumerate(words) for run in runs.get(word[:2], ()))


def _begins(words: list[str], run: tuple[str, ...]) -> bool:
    return len(words) >= len(run) and all(
        word == stem or (len(stem) > 3 and word.startswith(stem)) for word, stem in zip(words, run, strict=False)
    )
