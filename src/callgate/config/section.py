"""What every section of the settings is: frozen, without keys nobody knows, and silent about values."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section."""

    # Inputs are hidden because a value in the wrong place may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)
