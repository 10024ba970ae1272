"""A text as a QR code: SVG in the page itself, drawn with attributes alone, which the page's policy has no say in."""

from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """Give the picture. Its border of four modules and its white ground are part of it: cameras need them."""
    import segno  # noqa: PLC0415 - few ever need it (ADR 92)

    drawn: str = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, svgclass="qr", lineclass=None, light="#fff", border=4
    )
    return Markup(drawn)  # noqa: S704 - of numbers only; the text is in it as dark and light
