"""Why a notice did not arrive, in words that hold no address and no secret."""

from __future__ import annotations


class DeliveryError(Exception):
    """`may_pass`: another try may succeed."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass
