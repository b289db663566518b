"""What can be done to one run or to all that were chosen, each after a question, and what came of it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import streamlit as st

from dashboard.cached import actor, now
from dashboard.parts.moments import moment
from dashboard.parts.plain import count, literal
from home.errors import BatonError

SAID = "runs:said"
SAID_S = 30.0
"""How long what came of an action is to be seen."""
LISTED = 8
"""Refusals shown one by one."""


def told() -> None:
    """What came of the last action, for a while: the page is made anew by itself meanwhile."""
    said = st.session_state.get(SAID)
    if said is None or monotonic() - said["at"] > SAID_S:
        return
    if said["well"]:
        st.success(literal(said["well"], longest=300), icon=":material/check:")
    wrong = said["wrong"]
    if wrong:
        with st.container(border=True):
            st.markdown(f":orange[:material/warning:] **{count(len(wrong), 'run')} stayed as they were**")
            for run, why in wrong[:LISTED]:
                st.text(f"{run}: {why}")
            if len(wrong) > LISTED:
                st.caption(f"and {len(wrong) - LISTED} more")


def show(runs: Sequence[Any]) -> None:
    """The actions that fit these runs (answers of `baton show`), side by side in the caller's row."""
    real = [run for run in runs if not run.simulated]
    is_open = [run for run in real if run.state in ("open", "stuck")]
    if not is_open:
        return
    paused = [run for run in is_open if "resume" in run.waits_on]
    stuck = [run for run in is_open if run.state == "stuck"]
    going = [run for run in is_open if run not in paused and run not in stuck]
    if stuck:
        _action("Release", stuck, ":material/lock_open:", _release)
    if going:
        _action("Pause", going, ":material/pause:", _pause)
    if paused:
        _action("Resume", paused, ":material/play_arrow:", _resume)
    if len(is_open) == 1:
        _action("Go back", is_open, ":material/undo:", _go_back)
    _action("Reschedule", [r for r in is_open if "person" in r.waits_on], ":material/event:", _reschedule)
    _action("Migrate", is_open, ":material/upgrade:", _migrate)
    _action("Cancel", is_open, ":material/block:", _cancel)


def fitting(runs: Sequence[Any]) -> list[Any]:
    """What decides which actions are offered for these runs."""
    return [(run.run, run.state, run.waits_on, run.version, len(run.spans)) for run in runs]


def _action(name: str, runs: Sequence[Any], icon: str, body: Callable[[Sequence[Any]], None]) -> None:
    if not runs:
        return
    label = name if len(runs) == 1 else f"{name} {len(runs)}"
    with st.popover(label, icon=icon):
        body(runs)


def _tell_runs(done: str, names: Sequence[str], command: str, **fields: Any) -> None:
    """Tell every run (or task); one that refuses keeps no other from it."""
    try:
        found = now(command, run=tuple(names), by=actor(), **fields)
    except BatonError as error:  # the only one there is
        _say(done, 0, [(names[0], error.message)])
    else:
        _say(done, found.done, [(row.run, row.why) for row in found.rows if row.result == "refused"])


def _ids(runs: Sequence[Any]) -> list[str]:
    return [run.run for run in runs]


def _say(done: str, well: int, wrong: list[tuple[str, str]]) -> None:
    said = f"{count(well, 'run')} {done}" if well else ""
    st.session_state[SAID] = {"at": monotonic(), "well": said, "wrong": wrong}
    st.rerun()


def _key(name: str, runs: Sequence[Any]) -> str:
    return f"{name}:{runs[0].run}:{len(runs)}"


def _why(name: str, runs: Sequence[Any]) -> str:
    key = _key(f"why {name}", runs)
    return str(st.text_input("Why", key=key, placeholder="kept in the journal and the audit"))


def _release(runs: Sequence[Any]) -> None:
    st.caption("Driving it broke off again and again. Release it once what broke it is mended.")
    why = _why("release", runs)
    if st.button("Drive it again", type="primary", key=_key("release", runs)):
        wrong, well = [], 0
        for run in runs:
            try:
                now("release", run=run.run, by=actor(), reason=why)
                well += 1
            except BatonError as error:
                wrong.append((run.run, error.message))
        _say("driven again", well, wrong)


def _pause(runs: Sequence[Any]) -> None:
    st.caption("Nothing new begins and no time passes until it is resumed. What is under way ends.")
    if st.button("Pause", type="primary", key=_key("pause", runs)):
        _tell_runs("told to pause", _ids(runs), "pause")


def _resume(runs: Sequence[Any]) -> None:
    st.caption("It goes on; every due time moves by as long as the pause lasted.")
    if st.button("Resume", type="primary", key=_key("resume", runs)):
        _tell_runs("told to go on", _ids(runs), "resume")


def _go_back(runs: Sequence[Any]) -> None:
    shown = runs[0]
    names = {span.node: span.step for span in getattr(shown, "spans", ())}
    if not names:
        st.caption("No step of it is over yet: there is nothing to go back to.")
        return
    st.caption("Does a step and everything after it again. What came after it can be undone first.")
    step = st.selectbox(
        "From step", list(names), format_func=lambda node: names[node], key=_key("from", runs)
    )
    undo = st.toggle("Undo what was done since then, last first", key=_key("undo", runs))
    why = _why("retry", runs)
    if st.button("Do it again", type="primary", key=_key("retry", runs), disabled=not why.strip()):
        fields = {"node": step, "undo": undo, "reason": why}
        _tell_runs(f"sent back to {names[step]!r}", _ids(runs), "retry", **fields)


def _reschedule(runs: Sequence[Any]) -> None:
    tasks = [task["task"] for run in runs for task in run.tasks]
    st.caption(f"Moves when {count(len(tasks), 'open task')} is due; reminders and escalations move with it.")
    due = moment(runs[0].due) or datetime.now(UTC)
    day = st.date_input("Day", value=due.date(), key=_key("day", runs))
    hour = st.time_input("Time, UTC", value=due.time().replace(second=0, microsecond=0), key=_key("at", runs))
    if st.button("Move", type="primary", key=_key("reschedule", runs), disabled=not tasks):
        wanted = f"{day:%Y-%m-%d}T{hour:%H:%M}"
        _tell_runs("told when it is due", tasks, "reschedule", due=wanted)


def _migrate(runs: Sequence[Any]) -> None:
    plans = sorted({run.plan for run in runs})
    if len(plans) > 1:
        st.caption("Choose runs of one plan: each goes on under another version of its own plan.")
        return
    st.caption("Each goes on under another version of its plan if its journal proves that this is safe.")
    versions = [row.version for row in now("published", plan=plans[0]).versions]
    to = st.selectbox("Version", sorted(versions, reverse=True), key=_key("version", runs))
    chosen = [run.run for run in runs]
    row = st.container(horizontal=True)
    if row.button("Try", key=_key("try", runs), help="Tells what would come of it, and changes nothing."):
        _tell(now("migrate", plan=plans[0], to=to, runs=chosen, dry_run=True, by=actor()))
    if row.button("Migrate", type="primary", key=_key("migrate", runs)):
        found = now("migrate", plan=plans[0], to=to, runs=chosen, by=actor())
        done = f"on {found.plan}@{found.to} now"
        _say(done, len(found.migrated), [(kept.run, kept.why) for kept in found.kept])


def _tell(found: Any) -> None:
    st.text(f"{count(len(found.migrated), 'run')} would go on under version {found.to}.")
    for kept in found.kept[:LISTED]:
        st.text(f"{kept.run} would stay: {kept.why}")


def _cancel(runs: Sequence[Any]) -> None:
    st.caption("Stops as soon as what is under way has ended; open tasks are closed.")
    why = _why("cancel", runs)
    keep = st.toggle(
        "Leave what it did as it is",
        key=_key("keep", runs),
        help="Otherwise it is undone, last first, where the plan says how.",
    )
    label = "Cancel this run" if len(runs) == 1 else f"Cancel {len(runs)} runs"
    if st.button(label, type="primary", key=_key("cancel", runs), disabled=not why.strip()):
        _tell_runs("told to stop", _ids(runs), "cancel", reason=why, keep=keep)
