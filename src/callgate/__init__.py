"""Callgate: a self-hosted OAuth 2.0 authorization server that speaks RingCentral's wire protocol.

Five floors, each importing only its own package and lower ones (docs/architecture.md): `app` builds everything;
`web` and `admin` face the world; `service` is the async shell; `protocol`, `storage`, `crypto` and `config` judge,
keep, seal and set; `model` holds the values. Nothing but this description belongs here.
"""
