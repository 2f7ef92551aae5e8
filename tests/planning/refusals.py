"""The helpers of `refusals` under their former path."""

from refusals import assert_names, refusal, refuses

__all__ = ["assert_names", "refusal", "refuses"]
