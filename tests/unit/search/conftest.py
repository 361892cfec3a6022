"""The real llama.cpp is started by the first test that asks for it."""

from tests.support.llama import embedding_llama, llama

__all__ = ["embedding_llama", "llama"]
