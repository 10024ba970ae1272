"""What PostgreSQL says when it does not let us in or work, and what to do about it."""

import re
from typing import Final

import psycopg

_MENDS: Final = (
    (r'database "(?P<name>[^"]*)" does not exist', "make it: createdb --encoding=UTF8 --template=template0 {name}"),
    (r'role "(?P<name>[^"]*)" does not exist', "make it: createuser --pwprompt {name}"),
    ("password authentication failed", "database.url or database.password_file has another password than the user"),
    ("no password supplied", "put it into database.url, or into a file and that into database.password_file"),
    ("no pg_hba.conf entry", "let the user in by pg_hba.conf, with TLS if the line says hostssl"),
    ("SSL|certificate", "see sslmode and sslrootcert in database.url, and what the server offers"),
    ("permission denied for (schema|database)", "make the user the database's owner: ALTER DATABASE … OWNER TO …"),
    ("too many (clients|connections)|connection slots", "raise max_connections, or have fewer server processes"),
    ("read-only transaction|is not read-write", "a standby: name all servers, host,host, and the leader is found"),
    ("session is read-only", "no leader among the servers that database.url names: wait for one, or name it"),
    ("statement timeout", "the server is slow or a table is large: try again when there is less to do"),
    ("refused|No such file|timeout|resolve|unreachable", "does it run, and listen where database.url says?"),
)
"""By words of the server's English; in another language its own words must do."""


def explain_postgres(error: Exception) -> str | None:
    """One line: what PostgreSQL said, and what to do where that is known; None for what is none of its errors."""
    if not isinstance(error, psycopg.Error):
        return None
    said = str(error).partition("\n")[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()
    for words, mend in _MENDS:
        found = re.search(words, str(error))
        if found is not None:
            return f"PostgreSQL says: {said}; {mend.format(**found.groupdict())}"
    return f"PostgreSQL says: {said}"
