"""The real llama.cpp is started by the first test that asks for it."""

from tests.support.llama import llama

__all__ = ["llama"]
