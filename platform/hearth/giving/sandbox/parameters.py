"""Request bodies decoded and checked against the pinned SDK's own parameter types."""

import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, ForwardRef, Literal, Union, cast, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from stripe._request_options import RequestOptions
from typing_extensions import TypedDict, TypeVar, is_typeddict

from hearth.giving.sandbox.errors import ApiError

Body = dict[str, Any]

_T = TypeVar("_T")
_Untyped = dict[str, _T]
_KEY: Final = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_SEGMENT: Final = re.compile(r"\[([^\[\]]*)\]")
# The types widen every enumeration with "or any string", so that an older SDK survives a newer
# API; the real service does not. An empty string beside a string is another thing: "unset".
_WIDENED: Final = re.compile(r"(Literal\[(?!''\])[^\]]+\])\|str\b")
_OPTIONS: Final = frozenset(RequestOptions.__annotations__)
_make_typed_dict: Final = cast("Callable[[str, dict[str, Any]], Any]", TypedDict)


def decode(pairs: Iterable[tuple[str, str]]) -> Body:
    """Turn ``line_items[0][quantity]=1`` and its like into nested dictionaries and lists."""
    body: Body = {}
    for name, value in pairs:
        match = _KEY.match(name)
        if match is None:
            raise ApiError(f"Invalid parameter name: {name}", code="parameter_invalid", param=name)
        *parents, last = [match[1], *_SEGMENT.findall(match[2])]
        place = body
        for segment in parents:
            place = place.setdefault(segment or str(len(place)), {})
            if not isinstance(place, dict):
                raise ApiError("Invalid object", code="parameter_invalid", param=name)
        place[last or str(len(place))] = value
    return {name: _listed(value, name) for name, value in body.items()}


def check(params: type, body: Body) -> Body:
    """Return the body with its numbers and booleans read, or refuse it as Stripe would."""
    for name in body:
        if name in _OPTIONS:
            raise _unknown(name)
    try:
        return cast("Body", _adapter(params).validate_python(body))
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False), body) from None


def _listed(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _listed(inner, key) for key, inner in value.items()}
    if name != "metadata" and list(items) == [str(index) for index in range(len(items))]:
        return list(items.values())
    return items


@cache
def _adapter(params: type) -> TypeAdapter[Any]:
    """Build a validator out of strict copies of a parameter module's types."""
    module = vars(sys.modules[params.__module__])
    names = dict(module)
    names["UntypedStripeObject"] = _Untyped
    for name, declared in module.items():
        if is_typeddict(declared) and declared is not RequestOptions:
            fields = {
                field: _tightened(annotation)
                for field, annotation in declared.__annotations__.items()
                if field not in _OPTIONS
            }
            names[name] = _make_typed_dict(name, fields)
            names[name].__pydantic_config__ = ConfigDict(extra="forbid")
    adapter: TypeAdapter[Any] = TypeAdapter(names[params.__name__], config=None)
    adapter.rebuild(force=True, _types_namespace=names)
    return adapter


def _tightened(annotation: Any) -> Any:
    if isinstance(annotation, ForwardRef):
        return ForwardRef(_WIDENED.sub(r"\1", annotation.__forward_arg__))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return annotation
    inner = tuple(_tightened(argument) for argument in arguments)
    if origin is Union and str in inner:
        literals = [one for one in inner if get_origin(one) is Literal and get_args(one) != ("",)]
        if literals:
            inner = tuple(one for one in inner if one is not str)
    return Union[inner] if origin is Union else annotation.copy_with(inner)  # noqa: UP007


def _refusal(errors: list[ErrorDetails], body: Body) -> ApiError:
    """Speak of the error that lies deepest: in a union, only that branch was really meant."""
    paths = [(_path(error, body), error) for error in errors]
    path, error = max(paths, key=lambda pair: len(pair[0]))
    param = path[0] + "".join(f"[{segment}]" for segment in path[1:]) if path else None
    match error["type"]:
        case "extra_forbidden":
            return _unknown(str(param))
        case "missing":
            return ApiError(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        case "int_parsing" | "int_from_float" | "int_type":
            return ApiError(
                f"Invalid integer: {error['input']}", code="parameter_invalid_integer", param=param
            )
        case _:
            return ApiError(
                f"Invalid {param}: {error['msg']}.", code="parameter_invalid", param=param
            )


def _path(error: ErrorDetails, body: Body) -> list[str]:
    """Follow the location into the body, leaving out the names of union branches."""
    path: list[str] = []
    place: Any = body
    for index, segment in enumerate(error["loc"]):
        missing = error["type"] == "missing" and index == len(error["loc"]) - 1
        if _leads_on(place, segment):
            place = place[segment]
        elif not missing:
            continue
        path.append(str(segment))
    return path


def _leads_on(place: Any, segment: int | str) -> bool:
    if isinstance(place, dict):
        return segment in place
    return isinstance(place, list) and isinstance(segment, int)


def _unknown(param: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
