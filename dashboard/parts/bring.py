"""Bringing a source in: choose it, see how it would be read, say what its columns mean, load it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts import mapping_form, preview, work
from dashboard.parts.chrome import show_error
from dashboard.parts.plain import literal
from dashboard.parts.report import show_report
from dashboard.runtime import current
from home.errors import BatonError

KEY = "ingest"
CHOICES = {
    "sheet": "Which sheet?",
    "table": "Which table?",
    "records": "Where are the records?",
    "object_type": "Which kind of object is the case?",
}
WAYS = {"append": "Add to it", "replace": "Put this in its place"}


@dataclass(frozen=True)
class Source:
    """What is to be read."""

    ref: str
    """A path in the home folder, or an address."""
    name: str
    """What people call it."""
    key: str
    """Another for another upload, so that nothing is remembered from the one before."""
    how: dict[str, str] = field(default_factory=dict)
    """How to read it, where its content does not say."""


def bring(logs: list[str]) -> None:
    """The whole way from a file or an address to a log."""
    source = _source()
    if source is not None:
        try:
            _prepare(source, logs)
        except BatonError as error:
            show_error(error)
    report = work.collect(KEY, "Loading …")
    if report is not None:
        st.session_state["report"] = report
        st.rerun()
    if "report" in st.session_state:
        show_report(st.session_state["report"])


def _source() -> Source | None:
    kind = st.segmented_control(
        "Source", ["File", "Database or service"], default="File", required=True, label_visibility="collapsed"
    )
    if kind != "File":
        url = st.text_input(
            "Address",
            placeholder="postgresql://user@host/erp, or env:NAME",
            help="Passwords: env:NAME or file:PATH.",
        )
        return Source(url, "database", key=url) if url else None
    file = st.file_uploader("A file: CSV, Excel, XES, OCEL, Parquet or JSON, also as .gz or .zip", key="file")
    if file is None:
        return None
    ticket = _kept("upload", file)
    return Source(str(current().upload_path(ticket)), file.name, key=ticket)


def _kept(name: str, file: Any) -> str:
    """The ticket of an uploaded file, written to the home folder once."""
    if st.session_state.get(name, ("", ""))[0] != file.file_id:
        ticket, path = current().new_upload(file.name)
        with path.open("wb") as out:
            while portion := file.read(1 << 20):
                out.write(portion)
        st.session_state[name] = (file.file_id, ticket)
        if name == "upload":
            st.session_state.pop("report", None)
    return str(st.session_state[name][1])


def _prepare(source: Source, logs: list[str]) -> None:
    given = _given(source)
    first = _looked(source, **given)
    if first is None:
        return
    choice = next((d for d in first.decisions if d.option in CHOICES), None)
    if choice is not None and not first.columns:
        st.text(choice.question.splitlines()[0])
        picked = st.selectbox(
            CHOICES[choice.option], choice.answers, index=None, placeholder="Choose one",
            key=f"choice:{source.key}:{choice.option}",
        )  # fmt: skip
        if picked is None:
            return
        given |= {choice.option: picked}
        first = _looked(source, **given)
        if first is None:
            return
    preview.columns(first)
    form = f"{source.key}:{sorted(given.items())}"  # read in another way, the proposal is another
    chosen = mapping_form.fields(first, form)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        order, waits = mapping_form.dates(first, form)
        zone = mapping_form.zone(first, form)
    missing = mapping_form.undecided(chosen)
    if missing:
        st.caption(f"Say which column is the {' and the '.join(missing)}.")
        return
    if waits:
        st.caption("Say which day it is: the other half of the year depends on it.")
    given |= {k: v for k, v in (("dates", order), ("tz", zone)) if v}
    said = _said(source, first, chosen, given)
    if said is not None and said.rehearsal is not None:
        preview.events(said.rehearsal)
        said = _whole(source, said, chosen, first, given)
        preview.losses(said.rehearsal, whole=said.whole)
        _load(source, logs, said, ready=not waits and not said.rehearsal.refused)


def _given(source: Source) -> dict[str, Any]:
    """How to read the source, where its content does not say; with a mapping file, if there is one."""
    with st.expander("Reading it differently, or with a mapping file"):
        columns = st.columns(4)
        names = [row.adapter for row in now("adapters").rows]
        given = {
            "adapter": columns[0].selectbox("Read as", ["", *names], format_func=lambda a: a or "What it is"),
            "encoding": columns[1].text_input("Encoding", placeholder="utf-8"),
            "delimiter": columns[2].text_input("Delimiter", placeholder=";", max_chars=1),
            "records": columns[3].text_input("Records (JSON)", placeholder="data.items"),
        }
        if source.name == "database":
            given["table"] = columns[0].text_input("Table")
            given["query"] = st.text_area("Query", placeholder="select … from …")
        file = st.file_uploader("A mapping file (mapping.toml)", type="toml", key="mapping-file")
        if file is not None:
            given["mapping"] = str(current().upload_path(_kept("mapping", file)))
    return {k: v for k, v in given.items() if v}


def _looked(source: Source, **given: Any) -> Any:
    """One look into the source, remembered; `None` while it is on its way."""
    return work.answer(
        "inspect", f"Looking into {source.name} …", version=source.key, source=source.ref, **given
    )


def _pairs(chosen: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={column}" for name, column in chosen.items())


def _exactly(source: Source, first: Any, chosen: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """What a look has to be asked that tries this mapping, and no proposal."""
    if first.content is not None:
        given = given | {"mapping": _text_kept(source, first.content)}
    return given | {"map": _pairs(chosen), "exact": True}


def _said(source: Source, first: Any, chosen: dict[str, str], given: dict[str, Any]) -> Any:
    """The look with the mapping that the person chose."""
    return _looked(source, **_exactly(source, first, chosen, given))


def _whole(source: Source, said: Any, chosen: dict[str, str], first: Any, given: dict[str, Any]) -> Any:
    """The same with every row read, where the person asks for it."""
    if said.whole:
        return said
    asked = f"all:{source.key}"
    st.button(
        "Check every row",
        icon=":material/fact_check:",
        help="Reads the whole source and says of each row whether it would be loaded.",
        on_click=st.session_state.__setitem__,
        args=(asked, True),
    )
    if not st.session_state.get(asked):
        return said
    found = _looked(source, **_exactly(source, first, chosen, given), all=True)
    return said if found is None else found


def _text_kept(source: Source, text: str) -> str:
    """The path of a mapping file with this text, written once."""
    known = st.session_state.setdefault("texts", {})
    if (source.key, text) not in known:
        _, path = current().new_upload("mapping.toml")
        path.write_text(text, encoding="utf-8")
        known[source.key, text] = str(path)
    return str(known[source.key, text])


def _load(source: Source, logs: list[str], said: Any, *, ready: bool) -> None:
    row = st.columns([2, 2, 3], vertical_alignment="bottom")
    log = row[0].text_input("Name of the log", value=_log_name(source.name))
    system = row[1].text_input("System", placeholder="ERP", help="Written on every event that does not say.")
    how = None
    if log in logs:
        how = row[2].segmented_control(
            f"There is a log {literal(log)} already", list(WAYS), format_func=WAYS.__getitem__,
            default="append", required=True,
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Load", type="primary", icon=":material/database_upload:", disabled=not ready or not log
        )
        if said.content:
            st.download_button(
                "mapping.toml", said.content, file_name="mapping.toml", mime="application/toml",
                icon=":material/download:", on_click="ignore", type="tertiary",
                help="For `baton ingest FILE --mapping mapping.toml`, or the next file of this kind here.",
            )  # fmt: skip
    if pressed:
        st.session_state.pop("report", None)
        work.begin(
            KEY,
            "ingest",
            source=source.ref,
            log=log,
            mapping=_text_kept(source, said.content),
            system=system or None,
            append=how == "append",
            replace=how == "replace",
        )


def _log_name(name: str) -> str:
    stem = Path(name).name.split(".")[0]
    return re.sub(r"[^\w-]+", "_", stem).strip("_").lower() or "log"
