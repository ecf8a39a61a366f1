"""What ``GET /v1/models`` tells of a model."""

from __future__ import annotations

from clio.testing._config import Body, ServerConfig

_LINES = ("haiku", "sonnet", "opus", "fable", "mythos")


def model_info(name: str, config: ServerConfig) -> Body:
    """The model in the form of the real service, with what this server can do."""
    yes, no = {"supported": True}, {"supported": False}
    effort = dict.fromkeys(("low", "medium", "high", "xhigh", "max"), no)
    thinking = dict.fromkeys(("adaptive", "between_tools", "disabled", "enabled"), no)
    return {
        "id": name,
        "type": "model",
        "display_name": f"{name} (scripted)",
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "line": next((line for line in _LINES if line in name), None),
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "deprecated_at": None,
        "retires_at": None,
        "capabilities": {
            "batch": no if "batches" in config.without else yes,
            "citations": no,
            "code_execution": no,
            "context_management": no,
            "effort": {**no, **effort},
            "image_input": no,
            "pdf_input": no,
            "server_tools": {**no, "code_execution": no, "web_search": no},
            "structured_outputs": yes if config.structured_outputs == "yes" else no,
            "thinking": {**no, "types": thinking},
        },
    }
