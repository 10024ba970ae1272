"""The document as people read it: chapters of operations, and the shapes of what is sent and answered."""

from collections.abc import Iterator, Mapping

from callgate.web.pages import ApiChapter, ApiField, ApiOperation, ApiPage, ApiShape

Json = Mapping[str, object]

_CHOICES_MAX = 8
_METHODS = ("get", "post", "put", "delete")


def read_document(document: Json, *, url: str) -> ApiPage:
    """The page. `url` is where programs find the document."""
    chapters = []
    for tag in _objects(document["tags"]):
        operations = tuple(_operations(document, str(tag["name"])))
        chapters.append(ApiChapter(name=str(tag["name"]), about=str(tag["description"]), operations=operations))
    schemas = _at(document, "components", "schemas")
    shapes = tuple(
        ApiShape(
            name=name, about=str(_at(schemas, name).get("description", "")), fields=tuple(_fields(_at(schemas, name)))
        )
        for name in schemas
    )
    return ApiPage(document_url=url, chapters=tuple(chapters), shapes=shapes)


def _operations(document: Json, tag: str) -> Iterator[ApiOperation]:
    for path, methods in _at(document, "paths").items():
        for method in _METHODS:
            told = methods.get(method) if isinstance(methods, Mapping) else None
            if isinstance(told, Mapping) and told["tags"] == [tag]:
                yield _operation(method, path, told=told)


def _operation(method: str, path: str, *, told: Json) -> ApiOperation:
    parameters = tuple(_parameter(each) for each in _objects(told.get("parameters", [])))
    body = _content(_at(told, "requestBody")) if "requestBody" in told else None
    replies = _at(told, "responses")
    given = next((_content(_at(replies, status)) for status in replies if status < "400"), None)
    return ApiOperation(
        id=str(told["operationId"]),
        method=method.upper(),
        path=path,
        summary=str(told["summary"]),
        about=str(told.get("description", "")),
        parameters=parameters,
        takes=_kinds(body),
        gives=_kinds(given),
        replies=tuple((status, str(_at(replies, status)["description"])) for status in replies),
    )


def _parameter(parameter: Json) -> ApiField:
    kind, shape = _kind(_at(parameter, "schema"))
    about = str(parameter.get("description", ""))
    return ApiField(str(parameter["name"]), kind, shape, about, is_required=bool(parameter["required"]))


def _content(part: Json) -> Json | None:
    """The schema of a body's one content type; None where it has no body, or one that is no object."""
    if "content" not in part:
        return None
    (media,) = _at(part, "content").values()
    assert isinstance(media, Mapping)
    return _at(media, "schema")


def _kinds(schema: Json | None) -> tuple[tuple[str, str | None], ...]:
    """What may stand there, each with the shape it leads to."""
    if schema is None:
        return ()
    choices = schema.get("oneOf")
    return tuple(_kind(each) for each in (_objects(choices) if choices else [schema]))


def _fields(schema: Json, *, before: str = "") -> Iterator[ApiField]:
    """The members of an object, those of an object within by their path."""
    required = schema.get("required")
    for name, value in _at(schema, "properties").items():
        assert isinstance(value, Mapping)
        kind, shape = _kind(value)
        is_required = isinstance(required, list) and name in required
        yield ApiField(f"{before}{name}", kind, shape, str(value.get("description", "")), is_required=is_required)
        items = value.get("items")
        if "properties" in value:
            yield from _fields(value, before=f"{before}{name}.")
        elif isinstance(items, Mapping) and "properties" in items:
            yield from _fields(items, before=f"{before}{name}[].")


def _kind(schema: Json) -> tuple[str, str | None]:
    """A schema in words, and the named shape it leads to."""
    match schema:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            return name, name
        case {"type": "array", "items": Mapping() as items}:
            kind, shape = _kind(items)
            return f"list of {kind}", shape
        case {"enum": list(values)} if len(values) <= _CHOICES_MAX:
            return " | ".join(str(value) for value in values), None
        case {"const": value}:
            return str(value), None
        case {"anyOf": list(choices)}:
            return " | ".join(_kind(each)[0] for each in choices), None
        case {"type": list(types)}:
            return " | ".join(str(each) for each in types), None
        case {"format": str(form)}:
            return form, None
        case _:
            return str(schema.get("type", "")), None


def _at(value: Json, *path: str) -> Json:
    for step in path:
        inner = value[step]
        assert isinstance(inner, Mapping)
        value = inner
    return value


def _objects(value: object) -> list[Json]:
    assert isinstance(value, list)
    return [each for each in value if isinstance(each, Mapping)]
