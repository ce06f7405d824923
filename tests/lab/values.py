"""How the lab's python processes talk: JSON lines, in which bytes are {"$binary":"<base64>"}, as in
values.js and in sioscope's own commands and records.
"""

import base64
import json
import sys


def to_json(value):
    """Takes a value apart for printing: all bytes, however deep, become their JSON form."""
    if isinstance(value, (bytes, bytearray)):
        return {"$binary": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [to_json(one) for one in value]
    if isinstance(value, dict):
        return {key: to_json(one) for key, one in value.items()}
    return value


def from_json(value):
    """Puts a value together again, bytes included."""
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"$binary"}:
            return base64.b64decode(value["$binary"])
        return {key: from_json(one) for key, one in value.items()}
    return value


def say(line):
    """Prints one line, at once."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
