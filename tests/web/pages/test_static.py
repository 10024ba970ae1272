import hashlib

from callgate.web.pages import STATIC_FILES


def test_static_files_are_named_by_their_content() -> None:
    """So a browser may keep them for ever."""
    assert sorted(path.split(".")[-1] for path in STATIC_FILES) == ["css", "js", "svg"]
    for path, file in STATIC_FILES.items():
        assert path == file.path
        assert path.split(".")[-2] == hashlib.sha256(file.body).hexdigest()[:16]
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_load_nothing() -> None:
    """`default-src 'none'` lets no stylesheet and no picture reach further."""
    for file in STATIC_FILES.values():
        assert not any(word in file.body for word in (b"url(", b"@import", b"<script", b"href"))
