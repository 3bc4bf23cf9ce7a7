"""The JSON Schema of the configuration file, for editors and for messages."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from config.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # a key needs no title beside its name


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the configuration file.

    An editor completes and checks the file by it. What needs more than one value, or the
    environment, is checked by ``load`` alone.
    """
    schema: dict[str, Any] = _closed(Settings.model_json_schema(schema_generator=_Generator))
    described = {"title": "Streakwatch", "description": "What is watched, and who is told."}
    return {"$schema": DIALECT} | schema | described


@cache
def shared_schema() -> dict[str, Any]:
    """The same schema for messages to look things up in; not to be changed."""
    return json_schema()


def _closed(schema: Any) -> Any:
    """The schema with names that match no pattern refused, everywhere."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return closed | {"additionalProperties": False} if "patternProperties" in schema else closed
