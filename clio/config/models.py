"""Who writes text and who makes vectors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from clio.config.base import Section
from clio.config.prices import PriceConfig


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
    """Default: Anthropic's API. No environment variable changes it: conversations go where the config says."""
    api_key_env: str = "ANTHROPIC_API_KEY"
    """The environment variable that holds the key. A key is never written in a config."""
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Requests on the wire at the same time, at most. Fewer while the endpoint pushes back."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """A pace to keep to. Default: none but the endpoint's own limits, which are always minded."""
    timeout_s: float = Field(default=60, gt=0)
    """For one whole reply."""
    max_retries: int = Field(default=6, ge=0, le=20)
    """For one request that meets an overload, a lost connection or a time-out."""
    structured_outputs: bool | Literal["auto"] = "auto"
    """False for servers without structured outputs: the schema then goes in the prompt. ``auto``: a server of your own
    (``base_url``) is asked one question to find out."""
    thinking: Literal["default", "disabled"] = "default"
    """Of ``model``. Current Claude models think before they answer unless told not to, and what they think is paid for;
    some cannot be told (docs/claude.md)."""
    effort: Literal["low", "medium", "high"] | None = None
    """How much ``model`` thinks. Sent only when given: servers of your own may not know it."""
    names_effort: Literal["low", "medium", "high"] | None = None
    """The same for ``names_model``."""
    prompt_caching: bool = True
    """Mark the instructions, which are the same for every conversation, for the endpoint's prompt cache."""
    reply_cache: bool = True
    """Keep every reply, encrypted, in the user's cache folder: the same question is never bought twice
    (``clio cache info``)."""
    batches: tuple[Literal["extract_facets", "describe", "arrange", "audit"], ...] = ()
    """Stages that send their requests as Message Batches: half the price, done within a day. Needs ``reply_cache``."""
    batch_requests: int = Field(default=10_000, ge=1, le=100_000)
    """Requests in one batch, at most."""
    batch_poll_s: float = Field(default=30, gt=0)
    """Seconds between two looks at a batch."""
    budget_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """The run stops, with what it bought kept, before its spending passes this. Default: no limit."""
    prices: dict[str, PriceConfig] = Field(default_factory=dict)
    """Prices by model, USD per million tokens, instead of the ones known (``genai-prices``)."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sent only when given: current Claude models do not take it."""

    @model_validator(mode="after")
    def _batches_are_kept(self) -> MessagesWriter:
        if self.batches and not self.reply_cache:
            raise ValueError("batches need reply_cache: their replies are kept there until the stage asks for them")
        return self


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
