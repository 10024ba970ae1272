"""Settings: every one there is (sections), read (reading), written (writing) and described (described)."""

from callgate.config.described import describe
from callgate.config.reading import FILE_VARIABLE, ConfigError, load_settings
from callgate.config.sections import (
    DatabaseSettings,
    FetchSettings,
    KeySettings,
    ServerSettings,
    Settings,
)
from callgate.config.watching import LogFormat, LogLevel, LogSettings
from callgate.config.writing import render_settings

__all__ = [
    "FILE_VARIABLE",
    "ConfigError",
    "DatabaseSettings",
    "FetchSettings",
    "KeySettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "ServerSettings",
    "Settings",
    "describe",
    "load_settings",
    "render_settings",
]
