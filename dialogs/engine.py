"""One step of a conversation, pure: (session, event) in, and out comes either a screen or the one thing the step needs.

A step that needs something from the counter returns `Need` and stands still; whoever drives it runs the need and comes back
with `Answered`. Nothing here reads a clock, a database or a channel, so the same engine plays in a test, in the terminal and
behind a webhook. Each turn is bounded: see `dialogs/navigate.py`.
"""

from collections.abc import Mapping

from msgspec import UNSET
from msgspec.structs import replace

from dialogs import attachments
from dialogs.answers import Answer, ListAnswer, Refusal
from dialogs.book import HOME, REFUSED, RESUME, FlowBook
from dialogs.events import Answered, Event, Late, Need, ScreenReady, Step, Typed
from dialogs.input import Aside, Back, ChoiceMade, Filled, Hint, Input, Into, NextRows, understand
from dialogs.input import late as written_before
from dialogs.model import OFFERS, SHOWS_ONLY, Act, Do, Fork, Go, Menu, Pick, State
from dialogs.navigate import Walk
from dialogs.screen import MOST_ROWS
from dialogs.session import Session

LONGEST_HINT = 75
"""Letters that stand above a first menu on one page of a phone; what takes more is told alone."""


def step(book: FlowBook, session: Session, event: Event) -> Step:
    """The next screen, or what is needed on the way to it. The session given is not changed."""
    if isinstance(event, Answered):
        turn = _Turn(book, session)  # a session under way is nobody else's
        return turn.take_ahead(turn.answered(event.answer))
    s = replace(session, data=dict(session.data), steps=0, hint="", hush=False)
    if isinstance(event, Typed | Late):
        turn = _Turn(book, s)
        return turn.take_ahead(turn.typed(event.text, late=isinstance(event, Late)))
    s.ahead, s.pending = event.ahead, "who"
    return Need(s, book.caller)


class _Turn(Walk):
    """What happens in a turn, each leading to a move."""

    __slots__ = ()

    # what came back from the counter

    def answered(self, answer: Answer) -> Step:
        """Goes on where the step stood still."""
        pending, self.s.pending = self.s.pending, ""
        if pending == "who":
            return self.identify(answer)
        state = self.here()
        if pending == "load" and state is not None:
            return self.loaded(state, answer)
        if pending and state is not None:
            return self.done(state, pending, answer)
        return self.home("talk.moved")

    def identify(self, answer: Answer) -> Step:
        """We know who is calling, or make their acquaintance first."""
        if answer.outcome == "new":
            self.s.pending = "who"
            return Need(self.s, self.book.meet)
        self.learn(answer)
        return self.welcome()

    def learn(self, answer: Answer) -> None:
        """Keeps what an answer says: about the contact, the language, and everything else under its name."""
        s = self.s
        for name in answer.__struct_fields__:
            value = getattr(answer, name)
            if value is UNSET or name == "outcome":
                continue
            if name == "who":
                self._facts = None
                s.who = value
            elif name == "lang":
                s.lang = value
            else:
                s.data[name] = value

    def loaded(self, state: State, answer: Answer) -> Step:
        """A fork leads on by what was loaded; a screen is drawn with it; a refusal is told at home."""
        if isinstance(answer, Refusal):
            return self.refused(answer.why)
        if isinstance(state, Pick):
            assert isinstance(answer, ListAnswer)
            return self.show(state, answer) if answer.rows else self.follow(state.none)
        if not isinstance(state, SHOWS_ONLY):
            for name in state.keep:
                self.s.data[name] = getattr(answer, name)
        if isinstance(state, Fork):
            return self.follow(state.to[answer.outcome])
        return self.show(state, answer)

    def refused(self, why: str) -> Step:
        """What could not be looked up is told above the first menu; at length, on a screen of its own."""
        self.s.ahead = ()
        if len(why) > LONGEST_HINT and REFUSED in self.book.flows:
            self.forget()
            self.s.data["why"], self.s.trail = why, (self.book.place(HOME),)
            return self.flow(REFUSED)
        self.s.hint = why
        return self.flow(HOME)

    def done(self, state: State, pending: str, answer: Answer) -> Step:
        """An effect came out so: follow the edge of its outcome. What is done is not gone back into."""
        self.learn(answer)
        leads = _leads(state, pending)
        if answer.outcome == "done" or not isinstance(state, Act):
            self.s.trail = self.s.trail[:1] if self.s.trail and self.s.trail[0].flow == HOME else ()
        return self.follow(leads[answer.outcome])

    # what was typed

    def typed(self, text: str, *, late: bool = False) -> Step:
        """An answer to the screen that stands; `late`: written before it stood."""
        state = self.here()
        if state is None or self.s.shown is None:
            return self.home("talk.moved")
        read = written_before if late else understand
        return self.act_on(state, read(self.book, self.s, state, text))

    def act_on(self, state: State, meaning: Input) -> Step:
        """Follows what was understood."""
        if isinstance(meaning, ChoiceMade):
            return self.choose(meaning.choice)
        if isinstance(meaning, Filled):
            return self.keep(meaning)
        if isinstance(meaning, Back):
            return self.home() if meaning.home else self.back()
        if isinstance(meaning, Into):
            return self.keyword(meaning)
        if isinstance(meaning, Aside):
            self.s.data.update(meaning.keep)
            return self.onward(meaning.flow)
        if isinstance(meaning, NextRows):
            self.s.first += MOST_ROWS
            return self.enter(self.s.place, keep_rows=True)
        return self.ask_again(meaning)

    def choose(self, choice: Go | Do) -> Step:
        """A choice leads on, or runs its effect."""
        if isinstance(choice, Do):
            self.s.pending = f"do:{choice.label}"
            return Need(self.s, choice.run)
        self.s.data.update(choice.keep)
        return self.onward(choice.to)

    def keep(self, answer: Filled) -> Step:
        """An answer is remembered; a secret only until the effect that checks it has run."""
        if answer.whisper:
            self.s.whisper, self.s.hush = {name: str(value) for name, value in answer.keep.items()}, True
        else:
            self.s.data.update(answer.keep)
        return self.onward(answer.to)

    def ask_again(self, hint: Hint) -> Step:
        """The same screen once more, with a short word on what was wrong."""
        if hint.moved:
            return self.home(hint.key)
        s = self.s
        s.ahead, s.page, s.hush = (), 0, s.hush or hint.secret
        s.hint = self.book.say(s.lang, hint.key, {**s.data, **hint.values})
        return ScreenReady(s)

    def keyword(self, into: Into) -> Step:
        """A keyword begins its flow as if it had been chosen at home."""
        s = self.s
        if into.greet:
            return self.home(into.greet)
        self.forget()
        s.data.update(into.keep)
        if into.flow != HOME:
            s.trail = (self.book.place(HOME),)
        return self.flow(into.flow)

    def welcome(self) -> Step:
        """Where a conversation begins: at home, or with the question whether to continue the dropped one."""
        s = self.s
        there = s.left and s.left.who and s.who and s.left.who.holds(s.who)
        if s.left and there and not s.ahead and s.left.place and self.book.state(s.left.place):
            return self.flow(RESUME)
        s.left = None
        return self.flow(HOME)

    def take_ahead(self, result: Step) -> Step:
        """An answer dialled ahead is taken at once, but never one that needs a yes."""
        s = self.s
        while isinstance(result, ScreenReady) and s.ahead:
            state = self.here()
            if state is None:
                break
            text, *rest = s.ahead
            s.ahead = tuple(rest)
            meaning = understand(self.book, s, state, text)
            unsure = isinstance(meaning, Hint) and isinstance(state, Menu) and state.home and not meaning.secret
            unsure = unsure and not attachments.decode(text)
            if unsure or (isinstance(meaning, ChoiceMade) and isinstance(meaning.choice, Do)):
                break
            result = self.act_on(state, meaning)
        else:
            return result
        s.ahead = ()
        return result


def _leads(state: State, pending: str) -> Mapping[str, str]:
    """Outcome -> target of the effect that is pending."""
    if isinstance(state, Act):
        return state.to
    label = pending.removeprefix("do:")
    choices = state.choices if isinstance(state, OFFERS) else ()
    return next(choice.leads for choice in choices if isinstance(choice, Do) and choice.label == label)
