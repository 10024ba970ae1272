"""Settings: every one there is (sections), read (reading), written (writing) and described (described)."""

from callgate.config.database import DatabaseSettings, Place, database_place
from callgate.config.described import describe
from callgate.config.reading import FILE_VARIABLE, ConfigError, check_files, load_settings, notify_socket
from callgate.config.sections import (
    ONE_SERVER,
    WORKERS_MAX,
    FetchSettings,
    KeySettings,
    ServerSettings,
    Settings,
)
from callgate.config.watching import LogFormat, LogLevel, LogSettings
from callgate.config.writing import render_settings

__all__ = [
    "FILE_VARIABLE",
    "ONE_SERVER",
    "WORKERS_MAX",
    "ConfigError",
    "DatabaseSettings",
    "FetchSettings",
    "KeySettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "Place",
    "ServerSettings",
    "Settings",
    "check_files",
    "database_place",
    "describe",
    "load_settings",
    "notify_socket",
    "render_settings",
]
