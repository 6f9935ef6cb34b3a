"""How a talk moves over the tables: along edges, past guards, back, home, and to where a dropped conversation stood."""

from dialogs.answers import Answer
from dialogs.book import HOME, STICKY, FlowBook
from dialogs.events import Need, ScreenReady, Step
from dialogs.model import ASKED, ASKS, LEFT, WANTED, Act, Again, Ask, End, Fork, Menu, State, Values
from dialogs.screen import draw
from dialogs.session import Session, SessionContact, StatePlace

MOST_STEPS = 60
"""Places of one turn, whether they are shown or not."""
LONGEST_TRAIL = 8


class Walk:
    """A session under way: every move changes it, and ends on a screen or at something that is needed."""

    __slots__ = ("_facts", "book", "s")

    def __init__(self, book: FlowBook, s: Session) -> None:
        self.book, self.s = book, s
        self._facts: Values | None = None

    def here(self) -> State | None:
        """The state the session stands in, unless the flow has changed since."""
        return self.book.state(self.s.place) if self.s.place else None

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
        if target == ASKED:
            return self.answer_after_all()
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

    def guarded(self, place: StatePlace) -> Step:
        """To a place, past the guards of its flow."""
        guards = self.book.before[place.flow]
        if not guards:
            return self.enter(place)
        *waiting, first = place, *guards
        self.s.wanted = (*self.s.wanted, *waiting)
        return self.enter(first)

    def through_the_guard(self) -> Step:
        """A guard is satisfied: on to what it stood before. Nobody goes back into a guard."""
        s = self.s
        s.trail = tuple([place for place in s.trail if place.flow not in self.book.guards])
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

    def answer_after_all(self) -> Step:
        """What was said beside a question was its answer."""
        s = self.s
        trail = list(s.trail)
        while trail:
            place = trail.pop()
            state = self.book.state(place)
            if isinstance(state, Ask):
                break
        else:
            return self.home("talk.moved")
        s.trail, s.place = tuple(trail), place
        try:
            s.data.update(state.parse(str(s.data.pop("said", "")), s.data, {**self.book.words.common, "lang": s.lang}))
        except Again:
            return self.home("talk.moved")
        return self.onward(state.to)

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

    def enter(self, place: StatePlace | None, *, keep_rows: bool = False) -> Step:
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
        return self.show(state, None)

    def facts(self) -> Values:
        """What a fork may judge by besides what was kept."""
        if self._facts is None:
            who = self.s.who or SessionContact()
            own = {"contact_id": who.contact_id, "party_id": who.party_id, "accounts": who.accounts}
            self._facts = self.book.words.common | own
        return self._facts

    def show(self, state: State, answer: Answer | None) -> Step:
        """Puts a state on the screen. Nothing dialled ahead outlives the last word."""
        s = self.s
        s.shown, s.page, s.whisper = draw(self.book, s, state, answer), 0, {}
        s.open = isinstance(state, ASKS)
        if isinstance(state, End):
            s.ahead = ()
        return ScreenReady(s)
