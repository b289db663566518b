"""Takes back what a source brought, where its new content takes the place of the old."""

from home.duck import Cursor


def withdraw(cursor: Cursor, source: int) -> None:
    """Remove a source's rows from every table of the cursor's log; what is derived is to be laid out anew."""
    found = cursor.execute(
        "select c.table_name from duckdb_columns() c join duckdb_tables() t using (schema_name, table_name)"
        " where c.schema_name = current_schema() and c.column_name = 'source' and not t.temporary"
    ).fetchall()
    for (table,) in found:
        cursor.execute(f"delete from {table} where source = ?", [source])
    cursor.execute("delete from source where id = ?", [source])
