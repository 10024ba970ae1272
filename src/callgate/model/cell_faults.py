"""The catalogue's rows about cells (docs/cells.md)."""

from callgate.model.faults import Fault

CELL_SILENT = Fault(
    code="CGT-193",
    error="temporarily_unavailable",
    text="The part of this service that has the account does not answer",
    remedy="Repeat after Retry-After seconds; nothing was lost, and a repeated refresh gives the same tokens. Whoever "
    "runs the server finds out which cell it is at /health/ready of the second address; docs/cells.md.",
    status=503,
)
NOTE_REFUSED = Fault(
    code="CGT-194",
    error="invalid_request",
    text="Only a cell may say where a request comes from",
    remedy="Leave the field Callgate-Cell out. Between cells: check that both have the same cells.secret_file, name "
    "each other in cells.others, and that their clocks agree to the half minute.",
    status=403,
)
