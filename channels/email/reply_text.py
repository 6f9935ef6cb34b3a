"""What of a letter is new: the words its writer wrote, without the letter that is quoted, what announces it, and the signature.

Mail programs quote in five ways: `>` before each line (Thunderbird, iPhone, Gmail), a line that says who wrote when, often wrapped (Gmail,
Yahoo), a block of From, Sent, To, Subject (Outlook), a rule with words in it, and in HTML an element of its own (`html_text.py`). What
stands below a quotation by `>` is new again; below the other ways nothing is.
"""

import re

_WROTE = re.compile(
    r"\b(?:wrote|writes|écrit|schreef|schrieb|escribió|scritto|escreveu|viết|(?:ali|ame)andika|rubuta|skrev|napisał|írta|yazdı|menulis|"
    r"написал[а]?|пишет)\b|写道|寫道|님이 작성|書きました",
    re.IGNORECASE,
)
_SAYS_WHEN = re.compile(r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d{2}\b|[^\s@<]+@[^\s@>]+")
_BEGINS = re.compile(
    r"(?:on|le|op|am|el|il|em|vào|lúc|mnamo|tarehe|a ranar|ranar|den|dnia|w dniu|pada)\b|\d{1,4}[-./]\d|\d{4}年|\d{1,2} \w+ \d{4}",
    re.IGNORECASE,
)
LINES_OF_WHO_WROTE = 4
"""A line that says who wrote when is wrapped into no more than these."""

_RULE = re.compile(
    r"^\s*(?:_{8,}|-{2,}\s*(?:original message|original appointment|forwarded message|reply message|message d'origine|message original|"
    r"message transféré|oorspronkelijk bericht|doorgestuurd bericht|ursprüngliche nachricht|mensaje original|mensagem original|"
    r"messaggio originale|tin nhắn gốc|thư gốc|ujumbe asili|ujumbe wa awali|asalin saƙo)\s*-*|begin forwarded message:)\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^\W{0,3}(?:from|de|van|von|da|från|od|từ|kutoka|daga|发件人|寄件者)\s*(?:\*{0,2})\s*[:：]", re.IGNORECASE
)
_OF_A_HEAD = re.compile(
    r"^\W{0,3}(?:sent|date|envoyé|verzonden|datum|gesendet|enviado(?: el)?|enviada em|fecha|data|inviato|đã gửi|ngày|imetumwa|tarehe|"
    r"an aika|kwanan wata|to|à|a|aan|an|para|per|đến|tới|kwa|zuwa|cc|subject|objet|onderwerp|betreff|asunto|assunto|oggetto|"
    r"chủ đề|mada|jigo|发送时间|收件人|主题)\s*(?:\*{0,2})\s*[:：]",
    re.IGNORECASE,
)
_PHONE_SIGNS = re.compile(
    r"^\W{0,3}(?:sent (?:from|via|with|using) .{2,60}|get outlook for .{2,80}|envoyé (?:de|depuis|à partir de|avec) .{2,60}|"
    r"télécharge[rz] outlook .{2,80}|verstuurd vanaf .{2,60}|verzonden (?:vanaf|met|via) .{2,60}|outlook voor .{2,20} downloaden.{0,60}|"
    r"von meinem .{2,40} gesendet|gesendet (?:mit|von) .{2,60}|enviado (?:desde|do|de) .{2,60}|inviato (?:da|dal) .{2,60}|"
    r"(?:được )?gửi từ .{2,60}|imetumwa kutoka .{2,60}|an aiko daga .{2,60}|yahoo mail[:.].{0,80}|"
    r"skickat från .{2,40}|sendt fra .{2,40})$",
    re.IGNORECASE,
)
LONGEST_PHONE_SIGN = 100


def new_words(text: str) -> str:
    """The new words of a letter's text."""
    lines = text.replace("\u00a0", " ").replace("\u200b", "").splitlines()
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if line == "--" or lines[at].startswith("-- ") or _RULE.match(line) or _is_head(lines, at):
            break
        if line.startswith(">"):
            at += 1
            continue
        if taken := _who_wrote(lines, at):
            if not _quoted(lines, at + taken):
                break
            at += taken
            continue
        if not (len(line) <= LONGEST_PHONE_SIGN and _PHONE_SIGNS.match(line)):
            kept.append(lines[at].rstrip())
        at += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _who_wrote(lines: list[str], at: int) -> int:
    """How many lines from here on say who wrote when; 0: none. Words that stand right before it are the writer's."""
    first = lines[at].strip()
    if not (_BEGINS.match(first) or _SAYS_WHEN.search(first)):
        return 0
    if _goes_on(first):
        return 1
    head = ""
    for taken, line in enumerate(lines[at : at + LINES_OF_WHO_WROTE], start=1):
        part = line.strip()
        if not part or part.startswith(">") or (taken > 1 and _BEGINS.match(part) and _SAYS_WHEN.search(part)):
            return 0
        head = f"{head} {part}".strip()
        if head.endswith((":", "：")) and _SAYS_WHEN.search(head):
            certain = _WROTE.search(head) or (_BEGINS.match(head) and "@" in head)
            return taken if certain or _quoted(lines, at + taken) else 0
    return 0


def _goes_on(line: str) -> bool:
    """Whether the quoted letter begins in the very line that says who wrote it (Yahoo on a phone)."""
    ends = [at for at, sign in enumerate(line[:-1]) if sign in ":：" and line[at + 1] == " "]
    heads = (line[: at + 1] for at in ends)
    return any(_BEGINS.match(head) and "@" in head and _WROTE.search(head) for head in heads)


def _quoted(lines: list[str], at: int) -> bool:
    """Whether the next line that is not empty is quoted."""
    return next((line.lstrip().startswith(">") for line in lines[at:] if line.strip()), False)


def _is_head(lines: list[str], at: int) -> bool:
    """Whether the head of another letter begins here: who from, and at least two more of when, to whom, and what about."""
    if not _FROM.match(lines[at].strip()):
        return False
    following = [line for line in lines[at + 1 : at + 9] if line.strip()][:5]
    return sum(1 for line in following if _OF_A_HEAD.match(line.strip())) >= 2
