"""A language model of half a megabyte, wired by hand, that a real llama.cpp loads and runs.

It knows which word may follow which, and nothing else: every token that leads anywhere has an axis
of its own in the embedding, one more axis is always 1 and carries each token's plain likelihood,
the single layer adds nothing, and the output matrix is the table of followers. What it says are
short sentences such as "You walked by the river.", one to a few of them. Inside quotation marks it
says single words, so that a grammar gets valid JSON out of it.
"""

from collections.abc import Iterable
from pathlib import Path

import gguf
import numpy as np

WIDTH, HEADS, INNER = 128, 2, 32
NORM = 8.0  # the last RMS norm multiplies by sqrt(WIDTH / |x|²), and |x|² is 2

BEGINNINGS = ("You", "The")
FOLLOWERS = {
    "You": ("walked", "wrote"), "walked": ("by",), "by": ("the",), "wrote": ("about",),
    "about": ("the",), "the": ("river", "rain"), "river": (".",), "rain": (".",),
    "The": ("evening",), "evening": ("was",), "was": ("quiet",), "quiet": (".",),
}  # fmt: skip
SINGLE = ("calm", "heron", "letter", "sleep", "window")
JSON = {
    "{": '"}', "[": '"]{0', ":": '"[{0', ",": '"{', "}": ",]}", "]": ",}", "0": ",}]", '"': ",:]}",
}  # fmt: skip

END = "<|im_end|>"
SPECIAL = ("<|endoftext|>", "<|im_start|>", END)
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write(path: Path, *, context: int = 4096) -> Path:
    """Writes the model as a GGUF file and returns its path."""
    vocabulary = _Vocabulary()
    embedding, output = _wire(vocabulary)
    file = gguf.GGUFWriter(path, "llama")
    file.add_name("tiny")
    file.add_file_type(gguf.LlamaFileType.ALL_F32)
    file.add_context_length(context)
    file.add_embedding_length(WIDTH)
    file.add_feed_forward_length(INNER)
    file.add_block_count(1)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_vocab_size(len(vocabulary.tokens))
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(vocabulary.tokens)
    file.add_token_types(vocabulary.types)
    file.add_token_merges(vocabulary.merges)
    file.add_bos_token_id(vocabulary.ids[SPECIAL[0]])
    file.add_eos_token_id(vocabulary.ids[END])
    file.add_add_bos_token(False)
    file.add_chat_template(CHATML)
    file.add_tensor("token_embd.weight", embedding)
    file.add_tensor("output.weight", output)
    file.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for name, shape in {
        "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
        "attn_output": (WIDTH, WIDTH), "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH),
        "ffn_down": (WIDTH, INNER),
    }.items():  # fmt: skip
        file.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float32))
    for name in ("attn_norm", "ffn_norm"):
        file.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path


class _Vocabulary:
    """Byte-level BPE: all bytes, then whole words with and without the space before them."""

    def __init__(self) -> None:
        self._letters = _visible_bytes()
        self.tokens = [self._letters[byte] for byte in range(256)]
        self.ids = {token: id for id, token in enumerate(self.tokens)}
        self.merges: list[str] = []
        for word in [*FOLLOWERS, *SINGLE]:
            self._add_word(word)
        words = len(self.tokens)
        for token in SPECIAL:
            self._add(token)
        normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
        self.types = [normal] * words + [control] * len(SPECIAL)

    def id(self, text: str) -> int:
        return self.ids["".join(self._letters[byte] for byte in text.encode())]

    def _add(self, token: str) -> None:
        self.ids[token] = len(self.tokens)
        self.tokens.append(token)

    def _add_word(self, word: str) -> None:
        """The word grows letter by letter, and takes the space before it last."""
        for end in range(2, len(word) + 1):
            self._add_merge(word[: end - 1], word[end - 1])
        self._add_merge(self._letters[ord(" ")], word)

    def _add_merge(self, left: str, right: str) -> None:
        if left + right not in self.ids:
            self._add(left + right)
            self.merges.append(f"{left} {right}")


def _visible_bytes() -> dict[int, str]:
    """GPT-2's way to write every byte as a printable letter."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printable]
    return {
        byte: chr(byte if byte in printable else 256 + others.index(byte)) for byte in range(256)
    }


def _wire(vocabulary: _Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """The embedding and output matrices that make the table of followers."""
    axes: dict[int, int] = {}
    output = np.zeros((len(vocabulary.tokens), WIDTH), np.float32)
    output[:, 0] = -8.0 / NORM  # nothing is likely by itself

    def follow(token: int, followers: Iterable[int], strength: float) -> None:
        axis = axes.setdefault(token, len(axes) + 1)
        for follower in followers:
            output[follower, axis] = strength / NORM

    word = vocabulary.id
    end = vocabulary.ids[END]
    follow(word("\n"), map(word, BEGINNINGS), 20)
    follow(word("."), [word(f" {beginning}") for beginning in BEGINNINGS], 20)
    follow(word("."), [end], 21)
    for first, followers in FOLLOWERS.items():
        then = [word(next if next == "." else f" {next}") for next in followers]
        follow(word(f" {first}"), then, 20)
        if first in BEGINNINGS:
            follow(word(first), then, 20)
    for sign, followers in JSON.items():
        follow(word(sign), map(word, followers), 14)
    follow(word('"'), map(word, SINGLE), 20)
    for single in SINGLE:
        follow(word(single), [word('"')], 20)
    for sign in "}]":
        follow(word(sign), [end], 16)

    assert len(axes) < WIDTH - 1
    embedding = np.zeros((len(vocabulary.tokens), WIDTH), np.float32)
    embedding[:, 0] = 1.0
    for token in range(len(vocabulary.tokens)):
        embedding[token, axes.get(token, WIDTH - 1)] = 1.0
    return embedding, output
