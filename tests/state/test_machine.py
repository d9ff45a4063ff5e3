"""Orders and answers in any sequence, against a model in a few lines: the journal never knows better or worse."""

from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from syncd.errors import ConflictError
from syncd.model import Direction, Hold, State, Step
from syncd.state import Store
from syncd.state.journal_outbound import OPEN
from syncd.state.rows import MOVES
from tests.state.samples import NOON, fetched, order, verdict

STEPS = st.sampled_from([*Step, State.QUARANTINED])
AWAY = (State.QUARANTINED, State.DISCARDED, State.ABANDONED)
"""Never sent, where it was never tried."""
REFERENCES = st.sets(st.sampled_from(["1", "2", "3"]), max_size=2)


class Orders(RuleBasedStateMachine):
    """What the journal must say of each order: its step, its hold, its references, the length of its history."""

    orders = Bundle("orders")

    def __init__(self, store: Store, account: str) -> None:
        super().__init__()
        self.opened, self.account = store, account
        self.steps: dict[int, State | Step] = {}
        self.holds: dict[int, Hold | None] = {}
        self.references: dict[int, frozenset[str]] = {}
        self.lengths: dict[int, int] = {}
        self.files = 0

    @rule(target=orders, references=REFERENCES, held=st.booleans())
    def queue(self, references, held):
        data = f"{len(self.steps)}".encode()
        name, hold = f"S_1_{len(self.steps):014}", "x" if held else None
        item = order(self.opened, name, data, references=references, hold=hold, account=self.account)
        self.steps[item.id] = Step.HELD if held else Step.QUEUED
        self.holds[item.id] = Hold.GUARD if held else None
        self.references[item.id] = frozenset(references)
        self.lengths[item.id] = 1
        return item.id

    @rule(number=orders, frm=STEPS, to=STEPS)
    def advance_from_anywhere(self, number, frm, to):
        possible = to in MOVES[frm] and self.steps[number] is frm
        try:
            self._advance(number, frm, to)
        except ConflictError:
            assert not possible
        else:
            assert possible

    @rule(number=orders, choice=st.integers(0, 9))
    def advance_rightly(self, number, choice):
        if following := sorted(MOVES[self.steps[number]]):
            self._advance(number, self.steps[number], following[choice % len(following)])

    @rule(references=REFERENCES)
    def answer(self, references):
        self.files += 1
        file = fetched(self.opened, f"R_{self.files}", b"%d" % self.files, account=self.account)
        result = self.opened.journal.parsed(file.id, verdict(*references), [], NOON, ("orders",))
        expected = {number for number in self.steps if self._confirmed_by(number, references)}
        assert {item.id for item in result.confirmed} == expected
        for number in expected:
            self._moved(number, Step.CONFIRMED, None)

    def _confirmed_by(self, number, references):
        if self.steps[number] in (Step.SENT, Step.UNCONFIRMED):
            return bool(self.references[number] & references)
        doubt = self.steps[number] is Step.HELD and self.holds[number] is Hold.DOUBT
        return doubt and any(self._carriers(one) == {number} for one in self.references[number] & references)

    def _carriers(self, reference):
        sendable = {n for n, step in self.steps.items() if step not in AWAY and self.holds[n] is not Hold.GUARD}
        return {number for number in sendable if reference in self.references[number]}

    def _advance(self, number, frm, to):
        hold = Hold.DOUBT if to is Step.HELD else None
        item = self.opened.journal.advance(number, frm, to, NOON, hold=hold)
        assert (item.id, item.state, item.hold) == (number, to, hold)
        self._moved(number, to, hold)

    def _moved(self, number, to, hold):
        self.steps[number], self.holds[number] = to, hold
        self.lengths[number] += 1

    @invariant()
    def the_journal_says_the_same(self):
        mine = [item for item in self.opened.journal.recent(200) if item.account == self.account]
        found = {item.id: (item.state, item.hold) for item in mine if item.direction is Direction.OUT}
        assert found == {number: (step, self.holds[number]) for number, step in self.steps.items()}
        open_now = [number for number, step in self.steps.items() if step in OPEN]
        assert [item.id for item in self.opened.journal.open_orders(self.account)] == open_now

    def teardown(self):
        for number, length in self.lengths.items():
            history = self.opened.journal.history(number)
            assert len(history) == length
            assert [event.before for event in history[1:]] == [event.after for event in history[:-1]]
            assert history[-1].after is self.steps[number]


def test_orders_and_answers_in_any_sequence(store):
    """Each run has an account to itself, so that all can share one database."""
    runs = count(1)

    class Machine(Orders):
        def __init__(self) -> None:
            account = f"shop-{next(runs)}"
            store.journal.register({account: "umbreit"})
            super().__init__(store, account)

    calm = settings(
        max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Machine, settings=calm)
