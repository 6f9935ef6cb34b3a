"""One step of a conversation, pure: (session, event) in, and out comes either a screen or the one thing the step needs.

A step that needs something from the counter returns `Need` and stands still; whoever drives it runs the need and comes back
with `Answered`. Nothing here reads a clock, a database or a channel, so the same engine plays in a test, in the terminal and
behind a webhook. Each turn is bounded: after `MOST_STEPS` places the talk goes home.
"""

import copy
from collections.abc import Mapping

from dialogs.book import HOME, RESUME, STICKY, Book
from dialogs.drawing import MOST_ROWS, draw
from dialogs.events import Answered, Event, Need, Step, Told, Typed
from dialogs.heard import Back, Chosen, Heard, Hint, Into, Kept, NextRows, understand
from dialogs.model import LEFT, WANTED, Act, Ask, Do, End, Fork, Go, Menu, Pick, Say, State, Values
from dialogs.session import Place, Session, Who

MOST_STEPS = 60
LONGEST_TRAIL = 8


def step(book: Book, session: Session, event: Event) -> Step:
    """The next screen, or what is needed on the way to it. The session given is not changed."""
    if isinstance(event, Answered):
        return _Walk(book, session).answered(event.values)  # a session under way is nobody else's
    s = copy.copy(session)
    s.data = dict(session.data)
    walk = _Walk(book, s)
    s.steps, s.hint, s.hush = 0, "", False
    if isinstance(event, Typed):
        return walk.typed(event.text)
    s.ahead, s.pending = event.ahead, "who"
    return Need(s, book.caller)


class _Walk:
    """One step under way, on a copy of the session."""

    __slots__ = ("book", "s")

    def __init__(self, book: Book, s: Session) -> None:
        self.book, self.s = book, s

    # what came back from the counter

    def answered(self, values: Values) -> Step:
        """Goes on where the step stood still."""
        pending, self.s.pending = self.s.pending, ""
        if pending == "who":
            return self.met(values)
        state = self.here()
        if pending == "load" and state is not None:
            return self.loaded(state, values)
        if pending and state is not None:
            return self.done(state, pending, values)
        return self.home("talk.moved")

    def met(self, values: Values) -> Step:
        """We know who is calling, or make her acquaintance first."""
        if values["is"] == "new":
            self.s.pending = "who"
            return Need(self.s, self.book.meet)
        self.learn(values)
        return self.welcome()

    def learn(self, values: Values) -> None:
        """Keeps what an answer says: about the contact, the language, and everything else under its name."""
        s = self.s
        for name, value in values.items():
            if name == "who":
                s.who = Who(value["contact_id"], value["party_id"], tuple(value["accounts"]))
            elif name == "lang":
                s.lang = value
            elif name != "is":
                s.data[name] = value

    def loaded(self, state: State, values: Values) -> Step:
        """A fork leads on by what was loaded; a screen is drawn with it; a refusal is told at home."""
        if values.get("is") == "refused":
            self.s.hint, self.s.ahead = str(values["why"]), ()
            return self.flow(HOME)
        if isinstance(state, Fork):
            self.learn({name: values[name] for name in state.keep})
            return self.follow(state.to[values["is"]])
        if isinstance(state, Pick) and not values["rows"]:
            return self.follow(state.none)
        if not isinstance(state, Pick | Act | End):
            self.s.data.update({name: values[name] for name in state.keep})
        return self.show(state, values)

    def done(self, state: State, pending: str, values: Values) -> Step:
        """An effect came out so: follow the edge of its outcome. What is done is not gone back into."""
        self.learn(values)
        leads = _leads(state, pending)
        if values["is"] == "done" or not isinstance(state, Act):
            self.s.trail = self.s.trail[:1] if self.s.trail and self.s.trail[0].flow == HOME else ()
        return self.follow(leads[values["is"]])

    # what was typed

    def typed(self, text: str) -> Step:
        """An answer to the screen that stands."""
        state = self.here()
        if state is None or self.s.shown is None:
            return self.home("talk.moved")
        return self.heard(state, understand(self.book, self.s, state, text))

    def heard(self, state: State, heard: Heard) -> Step:
        """Follows what was understood."""
        if isinstance(heard, Chosen):
            return self.chosen(heard.choice)
        if isinstance(heard, Kept):
            return self.kept(heard)
        if isinstance(heard, Back):
            return self.home() if heard.home else self.back()
        if isinstance(heard, Into):
            return self.keyword(heard)
        if isinstance(heard, NextRows):
            self.s.first += MOST_ROWS
            return self.enter(self.s.place, keep_rows=True)
        return self.again(heard)

    def chosen(self, choice: Go | Do) -> Step:
        """A choice leads on, or runs its effect."""
        if isinstance(choice, Do):
            self.s.pending = f"do:{choice.label}"
            return Need(self.s, choice.run)
        self.s.data.update(choice.keep)
        return self.onward(choice.to)

    def kept(self, kept: Kept) -> Step:
        """An answer is remembered; a secret only until the effect that checks it has run."""
        if kept.whisper:
            self.s.whisper, self.s.hush = {name: str(value) for name, value in kept.keep.items()}, True
        else:
            self.s.data.update(kept.keep)
        return self.onward(kept.to)

    def again(self, hint: Hint) -> Step:
        """The same screen once more, with a short word on what was wrong."""
        if hint.moved:
            return self.home(hint.key)
        s = self.s
        s.ahead, s.page, s.hush = (), 0, s.hush or hint.secret
        s.hint = self.book.say(s.lang, hint.key, {**s.data, **hint.values})
        return Told(s)

    def keyword(self, into: Into) -> Step:
        """A keyword begins its flow as if it had been chosen at home."""
        s = self.s
        self.forget()
        s.data.update(into.keep)
        if into.flow != HOME:
            s.trail = (self.book.place(HOME),)
        return self.flow(into.flow)

    # moving

    def here(self) -> State | None:
        """The state the session stands in, unless the flow has changed since."""
        return self.book.state(self.s.place) if self.s.place else None

    def welcome(self) -> Step:
        """Where a conversation begins: at home, or with the question whether to continue the dropped one."""
        s = self.s
        if s.left and not s.ahead and s.left.place and self.book.state(s.left.place):
            return self.flow(RESUME)
        s.left = None
        return self.flow(HOME)

    def onward(self, target: str) -> Step:
        """Follows an edge away from a screen, which `0` will come back to."""
        s = self.s
        if s.place and (not s.trail or s.trail[-1] != s.place):
            s.trail = (*s.trail, s.place)[-LONGEST_TRAIL:]
        return self.follow(target)

    def follow(self, target: str) -> Step:
        """A target of the tables: a state of this flow, another flow, or a place only the session knows."""
        s = self.s
        if target == WANTED:
            return self.through_the_guard()
        if target == LEFT:
            return self.continue_left()
        assert s.place is not None
        flow = self.book.flows[s.place.flow]
        if target in flow.states:
            return self.enter(self.book.places[flow.name, target])
        return self.flow(target)

    def flow(self, name: str) -> Step:
        """Into a flow from outside, past its guards."""
        if name == HOME:
            self.forget()
        place = self.book.place(name)
        return self.guarded(place)

    def guarded(self, place: Place) -> Step:
        """To a place, past the guards of its flow."""
        guards = self.book.flows[place.flow].guards
        if not guards:
            return self.enter(place)
        waiting = [place, *(self.book.place(name) for name in reversed(guards))]
        self.s.wanted = (*self.s.wanted, *waiting[:-1])
        return self.enter(waiting[-1])

    def through_the_guard(self) -> Step:
        """A guard is satisfied: on to what it stood before. Nobody goes back into a guard."""
        s = self.s
        s.trail = tuple(place for place in s.trail if place.flow not in self.book.guards)
        if not s.wanted:
            return self.flow(HOME)
        *rest, place = s.wanted
        s.wanted = tuple(rest)
        return self.enter(place)

    def continue_left(self) -> Step:
        """Back into the dropped conversation. The PIN is asked again: another hand may hold the phone."""
        s, left = self.s, self.s.left
        if left is None or left.place is None or self.book.state(left.place) is None:
            return self.home("talk.moved")
        s.left = None
        s.data = {name: value for name, value in left.data.items() if name != "proven"} | self.sticky()
        s.trail, s.first = left.trail, left.first
        if left.place.flow in self.book.guards and left.wanted:
            return self.guarded(left.wanted[0])
        return self.guarded(left.place)

    def back(self) -> Step:
        """The screen before this one; home when there is none."""
        s = self.s
        if not s.trail:
            return self.home()
        *rest, place = s.trail
        state = self.book.state(place)
        if state is None or (isinstance(state, Menu) and state.home):
            return self.home()
        s.trail = tuple(rest)
        if place.flow not in self.book.guards:
            s.wanted = ()
        return self.enter(place)

    def home(self, hint: str = "") -> Step:
        """The first menu; what was being done is forgotten."""
        self.s.ahead = ()
        if hint:
            self.s.hint = self.book.say(self.s.lang, hint)
        return self.flow(HOME)

    def forget(self) -> None:
        """What was being done; the account chosen and the PIN proven stay."""
        s = self.s
        s.data, s.trail, s.wanted, s.left = self.sticky(), (), (), None

    def sticky(self) -> dict[str, object]:
        """What outlives a walk home."""
        return {name: self.s.data[name] for name in STICKY if name in self.s.data}

    def enter(self, place: Place | None, *, keep_rows: bool = False) -> Step:
        """Arrives at a state: asks for what it needs, or shows it, or is led on."""
        assert place is not None
        s = self.s
        s.steps += 1
        if s.steps > MOST_STEPS:
            raise RuntimeError(f"{place.flow}.{place.state}: more than {MOST_STEPS} places in one turn")
        if not keep_rows:
            s.first = 0
        s.place = place
        state = self.book.flows[place.flow].states[place.state]
        if isinstance(state, Act):
            s.pending = "act"
            return Need(s, state.run)
        if state.load is not None:
            s.pending = "load"
            return Need(s, state.load)
        if isinstance(state, Fork):
            assert state.judge is not None
            return self.follow(state.to[state.judge(s.data, self.facts())])
        return self.show(state, {})

    def facts(self) -> Values:
        """What a fork may judge by besides what was kept."""
        who = self.s.who or Who()
        return {
            **self.book.words.common,
            "contact_id": who.contact_id,
            "party_id": who.party_id,
            "accounts": who.accounts,
        }

    def show(self, state: State, values: Values) -> Step:
        """Puts a state on the screen; an answer dialled ahead is taken at once, but never one that needs a yes."""
        s = self.s
        s.shown, s.page, s.whisper = draw(self.book, s, state, values), 0, {}
        s.open = isinstance(state, Menu | Pick | Ask)
        if not s.ahead or isinstance(state, End):
            s.ahead = ()
            return Told(s)
        text, *rest = s.ahead
        s.ahead = tuple(rest)
        heard = understand(self.book, s, state, text)
        if isinstance(heard, Chosen) and isinstance(heard.choice, Do):
            s.ahead = ()
            return Told(s)
        if isinstance(heard, Hint) and isinstance(state, Menu) and state.home and not heard.secret:
            s.ahead = ()
            return Told(s)
        return self.heard(state, heard)


def _leads(state: State, pending: str) -> Mapping[str, str]:
    """Outcome -> target of the effect that is pending."""
    if isinstance(state, Act):
        return state.to
    label = pending.removeprefix("do:")
    choices = state.choices if isinstance(state, Menu | Say) else ()
    return next(choice.leads for choice in choices if isinstance(choice, Do) and choice.label == label)
