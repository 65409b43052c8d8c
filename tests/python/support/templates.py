"""Keeps the code that Jinja makes of templates, from one run of dbt to the next."""

from __future__ import annotations

import marshal
import os
import sys
from threading import get_ident
from types import CodeType

import jinja2
from support.cache import CACHE_FOLDER, content_hash, short_hash

FOLDER = CACHE_FOLDER / "templates" / short_hash(sys.version, content_hash(("requirements.lock",)))
compile_template = jinja2.Environment.compile


def kept_code(environment: jinja2.Environment, source: object, *arguments: object, **settings: object) -> CodeType:
    """Return what Jinja makes of a template; dbt's environments differ in code by their class alone."""
    file = FOLDER / short_hash(type(environment).__name__, source, arguments, settings)
    if file.exists():
        return marshal.loads(file.read_bytes())
    code = compile_template(environment, source, *arguments, **settings)
    # whoever else writes it at the moment, or is killed, is in nobody's way
    making = file.with_suffix(f".{os.getpid()}-{get_ident()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    making.write_bytes(marshal.dumps(code))
    making.rename(file)
    return code
