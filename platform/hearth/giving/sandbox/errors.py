"""Refusals in the shape Stripe gives them."""

from typing import Any


class ApiError(Exception):
    """An answer other than the one that was asked for."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param

    def as_json(self) -> dict[str, Any]:
        """Render the body of the answer; fields without a value are left out, as Stripe does."""
        fields = {
            "type": self.kind,
            "message": self.message,
            "code": self.code,
            "param": self.param,
        }
        return {"error": {name: value for name, value in fields.items() if value is not None}}


def missing_object(kind: str, object_id: str, *, param: str = "id") -> ApiError:
    """Tell that there is no such object."""
    return ApiError(
        f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param
    )


def unusable(message: str, *, code: str, param: str | None = None) -> ApiError:
    """Tell that the request is well formed and cannot be done."""
    return ApiError(message, code=code, param=param)
