"""What the API server knows about types: shapes, schemas of custom resources, printed columns, OpenAPI documents.

Pure functions of values; nothing here reads the store or the clock.
"""

from playground.apiserver.schema.custom import Schema, schema_of
from playground.apiserver.schema.shapes import ANY, Shape

__all__ = ["ANY", "Schema", "Shape", "schema_of"]
