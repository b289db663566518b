"""One draft: as-is beside to-be, its moves, its decisions, its checks, and its way to publication."""

import hashlib
from typing import Any

import streamlit as st

from dashboard.cached import ask, now
from dashboard.components.bpmn_view import Highlight, bpmn_view
from dashboard.parts import chrome, drafts
from dashboard.parts.decisions import decisions
from dashboard.parts.move_list import move_list
from dashboard.parts.plain import literal
from dashboard.parts.publishing import publishing
from dashboard.runtime import current
from home.errors import BatonError, NotFound
from home.text import percent
from ingest.catalog import find_log

VERDICTS = {"plan": ":green-badge[plan]", "pilot": ":orange-badge[pilot]", "refuse": ":red-badge[refused]"}


def show_draft(name: str) -> None:
    """The whole page of a draft."""
    file = drafts.path(name)
    try:
        found = ask("moves", version=_text_version(name), file=str(file))
    except BatonError as error:  # somebody edited it by hand
        chrome.show_error(error)
        _editor(name)
        return
    _summary(found.plan)
    _diagrams(name, found.plan)
    moves, beside = st.columns([3, 2], gap="large")
    with moves:
        move_list(name, found.plan)
    with beside:
        publishing(name, found.plan, version_of(found.plan))
    decisions(found.plan)
    _files(name, found.plan)


def version_of(plan: Any) -> str:
    """Changes with what history is replayed through, and with that history; not with who owns the plan."""
    log = ""
    if plan.provenance:
        try:
            log = find_log(current().stores.events, plan.provenance.log).hash
        except NotFound:
            log = "gone"
    replayed = plan.model_dump_json(exclude={"owner", "purpose"})
    return hashlib.sha256(replayed.encode()).hexdigest() + log


def _summary(plan: Any) -> None:
    came = plan.provenance
    owner = f"{literal(plan.owner.name)}{'' if plan.owner.confirmed else ' (unconfirmed)'}"
    if came is None:
        st.caption(f"Written by hand · owner {owner}")
        return
    fit = f"accepts {percent(came.coverage)} of the cases exactly, precision {came.precision or 0:.2f}"
    mined = came.mined_at[:16].replace("T", " ")
    st.markdown(
        f"{VERDICTS.get(came.verdict or '', '')} {literal(plan.purpose, longest=300)} "
        f":gray[From {literal(came.candidate)}: {fit}. Owner {owner}. Mined {mined} UTC.]"
    )


def _diagrams(name: str, plan: Any) -> None:
    to_be = _exported(name, "bpmn")
    if plan.as_is is None:
        bpmn_view(to_be, key=f"bpmn:{name}", height=440)
        return
    as_is = _as_is(name, plan)
    bpmn_view(as_is, to_be=to_be, key=f"bpmn:{name}", highlights=_highlights(plan), height=380)


def _as_is(name: str, plan: Any) -> str:
    """Today's process as BPMN: the plan with none of its moves."""
    accepted = tuple(move.id for move in plan.moves if move.accepted)
    if not accepted:
        return _exported(name, "bpmn")
    version, file = _text_version(name), str(drafts.path(name))
    none = ask("moves", version=version, file=file, reject=accepted).content
    folder = drafts.folder() / "as-is"
    folder.mkdir(exist_ok=True)
    beside = folder / f"{name}.yaml"
    beside.write_text(none, encoding="utf-8")
    return str(ask("export", version=version, file=str(beside), to="bpmn").content)


def _exported(name: str, to: str) -> str:
    """The draft in another form."""
    return str(ask("export", version=_text_version(name), file=str(drafts.path(name)), to=to).content)


def _text_version(name: str) -> str:
    return hashlib.sha256(drafts.path(name).read_bytes()).hexdigest()


def _highlights(plan: Any) -> list[Highlight]:
    """What each accepted move changes, marked in the to-be."""
    titles: dict[str, list[str]] = {}
    for move in plan.moves:
        if move.accepted and len(move.where) <= 6:  # one that touches every step would mark all of them
            for node in move.where:
                titles.setdefault(node, []).append(move.title)
    return [
        {
            "element": node,
            "view": "to_be",
            "tone": "changed",
            "text": str(len(said)),
            "title": "\n".join(said),
        }
        for node, said in titles.items()
    ]


def _files(name: str, plan: Any) -> None:
    st.subheader("The plan as a file")
    file = drafts.path(name)
    with st.container(horizontal=True):
        text = file.read_text(encoding="utf-8")
        st.download_button(
            "YAML", text, file_name=f"{plan.name}.yaml", icon=":material/download:", on_click="ignore"
        )
        for to, ending in (("bpmn", "bpmn"), ("mermaid", "mmd")):
            st.download_button(
                to.upper() if to == "bpmn" else to.capitalize(),
                _exported(name, to),
                file_name=f"{plan.name}.{ending}",
                icon=":material/download:",
                on_click="ignore",
            )
        with st.popover("Discard this draft", icon=":material/delete:", type="tertiary"):
            st.text("The draft will be gone. Published versions stay.")
            if st.button("Discard", type="primary"):
                drafts.discard(name)
                st.rerun()
    with st.expander("Edit the file"):
        _editor(name)


def _editor(name: str) -> None:
    """The YAML text; saving reads it strictly first and names the line that is wrong."""
    st.caption("Accepting or rejecting a move makes the plan anew: edits of its body are lost then.")
    text = st.text_area(
        "YAML",
        drafts.path(name).read_text(encoding="utf-8"),
        height=480,
        label_visibility="collapsed",
        key=f"yaml:{name}",
    )
    if st.button("Save", icon=":material/save:", key=f"save:{name}"):
        before = drafts.path(name).read_text(encoding="utf-8")
        try:
            now("moves", file=str(drafts.save(name, text)))
        except BatonError as error:
            drafts.save(name, before)
            chrome.show_error(error)
            return
        st.rerun()
