"""The whole corpus."""

from tests.ingest.hostile.archives import ARCHIVES
from tests.ingest.hostile.delimited import DELIMITED
from tests.ingest.hostile.foreign import FOREIGN
from tests.ingest.hostile.json_documents import JSON_DOCUMENTS
from tests.ingest.hostile.making import Hostile
from tests.ingest.hostile.tables import TABLES
from tests.ingest.hostile.xes_logs import XES_LOGS

GROUPS: dict[str, tuple[Hostile, ...]] = {
    "archive": ARCHIVES,
    "csv": DELIMITED,
    "xes": XES_LOGS,
    "json": JSON_DOCUMENTS,
    "table": TABLES,
    "foreign": FOREIGN,
}
CORPUS: dict[str, Hostile] = {
    f"{group}: {entry.name}": entry for group, entries in GROUPS.items() for entry in entries
}
"""Every file by `group: name`."""
