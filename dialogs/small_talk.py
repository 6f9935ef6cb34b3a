"""Thanks and greetings: what people say when they are kind, answered as a person would, and then with the menu."""

SMALL_TALK: dict[str, tuple[str, ...]] = {
    "courtesy.thanks": (
        "thank you", "thanks", "thank u", "thankyou", "thanx", "thx", "many thanks", "ok thanks", "ok thank you", "god bless",
        "asante", "asanteni", "ahsante", "ahsanteni", "sawa asante", "shukrani", "nashukuru", "tunashukuru", "barikiwa",
        "merci", "je vous remercie", "ok merci", "d accord merci",
        "na gode", "mun gode", "nagode", "godiya", "madalla",
        "cam on", "xin cam on", "cam on ban", "ok cam on",
        "dank", "dank je", "dank u", "dankjewel", "dankuwel", "bedankt", "hartelijk dank", "hartelijk bedankt", "ok bedankt",
    ),
    "courtesy.greeting": (
        "good morning", "good afternoon", "good evening", "good day", "good night", "hello", "hi", "hey", "how are you", "morning",
        "habari", "habari za asubuhi", "habari ya asubuhi", "habari za mchana", "habari za jioni", "habari yako", "habari zenu", "hujambo",
        "hamjambo", "jambo", "shikamoo", "mambo", "salama", "usiku mwema", "asubuhi njema", "mchana mwema", "jioni njema", "siku njema",
        "bonjour", "bonsoir", "bonne nuit", "bonne journee", "bonne soiree", "salut", "ca va",
        "ina kwana", "ina kwananku", "barka da safiya", "barka da rana", "barka da yamma", "ina wuni", "ina yini", "sannu", "sannunku",
        "sai da safe", "salamu alaikum", "salam", "assalamu alaikum", "yaya dai",
        "chao buoi sang", "chao buoi chieu", "chao buoi toi", "xin chao", "chao ban", "chao", "chuc ngu ngon", "chuc ngay tot lanh",
        "goedemorgen", "goedemiddag", "goedenmiddag", "goedenavond", "goedendag", "goedenacht", "goeiemorgen", "hallo", "hoi", "dag",
    ),
}  # fmt: skip
_ENDS = (
    "very much so a lot sir madam team all everyone dear friend again for your help you there hi hello "
    "sana tena mno ndugu rafiki wote bwana bibi dada kaka mama yote kwa msaada wenu wako "
    "beaucoup bien monsieur madame mesdames messieurs a tous infiniment pour votre aide "
    "sosai matuka kwarai da ku kuma dan uwa yallabai hajiya "
    "nhieu rat ban anh chi em lam nha a "
    "wel je u zeer hartelijk allemaal meneer mevrouw voor de hulp het uw"
)
COURTESY_ENDS = frozenset(_ENDS.split())
"""What may stand behind a kind word without making it a question."""


def small_talk(message: str) -> str:
    """The catalogue key that answers a kind word (`intents.plain`, joined); empty where it says more than that."""
    for key, phrases in SMALL_TALK.items():
        for phrase in phrases:
            rest = message.removeprefix(phrase)
            if message.startswith(phrase) and (not rest or rest[0] == " ") and set(rest.split()) <= COURTESY_ENDS:
                return key
    return ""
