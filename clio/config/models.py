"""Who writes text and who makes vectors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clio.config.base import Section


class EmbeddedWriter(Section):
    """A small model in this process: no key, no network. Needs the ``embedded`` extra to write freely."""

    backend: Literal["embedded"] = "embedded"
    model: str = "smollm2-135m-instruct"
    """A name of ``clio models list`` or the path of a GGUF file."""
    text: Literal["opening", "extractive", "model"] = "opening"
    """Who writes text facets. ``opening``: the first of what the user asked, in their own words (measured best with the
    default model, see docs/embedded.md); ``extractive``: the user's sentence that stands nearest to all they said;
    ``model``: the model, checked, with the opening as stand-in."""
    names: Literal["model", "terms"] = "terms"
    """Who names clusters: the model (checked, distinctive terms as stand-in), or distinctive terms alone."""
    threads: int | None = Field(default=None, ge=1)
    """Default: one fewer than the cores this process may use, at least one (docs/embedded.md says why)."""


class MessagesWriter(Section):
    """Any endpoint that speaks the Messages API. Conversations (redacted) are sent to it and nowhere else."""

    backend: Literal["messages"] = "messages"
    model: str
    names_model: str | None = None
    """A stronger model for names and hierarchy; default: ``model``."""
    base_url: str | None = None
    """Default: the SDK's own."""
    api_key_env: str = "ANTHROPIC_API_KEY"
    """The environment variable that holds the key. A key is never written in a config."""
    concurrency: int = Field(default=8, ge=1, le=1000)
    timeout_s: float = Field(default=120, gt=0)
    max_retries: int = Field(default=4, ge=0, le=20)
    structured_outputs: bool = True
    """False for servers without structured outputs: the schema then goes in the prompt."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sent only when given, in the request's extra body: current Claude models do not take it."""


WriterConfig = Annotated[EmbeddedWriter | MessagesWriter, Field(discriminator="backend")]


class EncoderConfig(Section):
    """Which sentence-embedding model makes the vectors."""

    model: str = "all-minilm-l6-v2"
    """A name of ``clio models list``, a directory, or any sentence-transformers model id."""
    input: Literal["auto", "facet", "conversation"] = "auto"
    """What a conversation's vector is made of: its answer to the clustered facet (Clio paper, G.5), or what both sides
    said, redacted and never stored. ``auto``: the answer where a capable model writes it, else the conversation, which
    was measured best without one (docs/embedded.md)."""
    batch_size: int = Field(default=64, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto``: bfloat16 where the processor has it in hardware, else float32."""
    device: str | None = None
    """Default: the first GPU if there is one, else the CPU."""
    shard_rows: int = Field(default=20_000, ge=100)
    """Rows per resumable shard."""
