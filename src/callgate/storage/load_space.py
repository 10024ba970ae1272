"""Space on PostgreSQL: which of the sessions' indexes is far larger than what is in it."""

from typing import Final

from callgate.storage.load_view import View

ROOMY: Final = 2
"""An index may take so many times what it would take if it were made anew."""

SMALL_BYTES: Final = 256 << 10
"""What is beyond it may be so much: less is worth nobody's time."""

# Both figures are of the same moment, when autovacuum was there last. An entry has 12 bytes beside its columns and
# begins at a multiple of 8; a page that is made anew is filled to nine tenths.
_LOOSE: Final = f"""
SELECT format('%I.%I', n.nspname, i.relname)
FROM pg_inherits p
JOIN pg_class t ON t.oid = p.inhrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_index x ON x.indrelid = t.oid AND x.indisvalid
JOIN pg_class i ON i.oid = x.indexrelid
CROSS JOIN LATERAL (
    SELECT sum(s.avg_width) AS bytes FROM pg_attribute a
    JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname
    WHERE a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
) width
WHERE p.inhparent = CAST('session' AS regclass) AND i.reltuples >= 0
    AND i.relpages * CAST(current_setting('block_size') AS BIGINT)
        > {SMALL_BYTES} + {ROOMY} * i.reltuples * (width.bytes + 16) / 0.9
ORDER BY i.relpages DESC
"""

# What a REINDEX that was cut short leaves: nobody reads it, and everybody writes it.
_LEFT_OVER: Final = """
SELECT format('%I.%I', n.nspname, i.relname)
FROM pg_inherits p
JOIN pg_class t ON t.oid = p.inhrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_index x ON x.indrelid = t.oid AND NOT x.indisvalid
JOIN pg_class i ON i.oid = x.indexrelid AND i.relname ~ '_cc(new|old)[0-9]*$'
WHERE p.inhparent = CAST('session' AS regclass)
"""

_CLAIM: Final = "SELECT CAST(pg_try_advisory_lock(?) AS INT)"

SHRINKING: Final = 0x43474154_00000003
"""The advisory lock of whoever makes indexes anew."""


def find_loose(view: View) -> list[str]:
    """Indexes that would be much smaller if they were made anew, as SQL names them, the largest first."""
    return [str(row[0]) for row in view.rows(_LOOSE)]


def find_left_over(view: View) -> list[str]:
    """Indexes that came to nothing."""
    return [str(row[0]) for row in view.rows(_LEFT_OVER)]


def claim_shrinking(view: View) -> bool:
    """Take the lock for this connection, until it ends; tells whether nobody else has it."""
    return view.rows(_CLAIM, (SHRINKING,))[0][0] == 1
