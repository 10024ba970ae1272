"""Settings: every one there is (sections), read from file and environment (reading), and described (described)."""

from callgate.config.described import describe
from callgate.config.reading import ConfigError, load_settings
from callgate.config.sections import (
    DatabaseSettings,
    FetchSettings,
    KeySettings,
    LogFormat,
    LogLevel,
    LogSettings,
    ServerSettings,
    Settings,
)

__all__ = [
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
]
