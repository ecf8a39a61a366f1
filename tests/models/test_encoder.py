import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from clio.config.models import EncoderConfig
from clio.errors import ModelSetupError, WeightsError
from clio.models import encoder as module
from clio.models import weights
from clio.models.encoder import SentenceEncoder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghij")]
TEXTS = [" ".join("abcdefghij"[(i * j) % 10] for j in range(1, 2 + i % 17)) for i in range(60)] + ["", "a", "a"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer model of the ordinary kind."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the name that old and new versions both have
        from sentence_transformers import models as parts

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder / "bert")
    transformer = parts.Transformer(str(folder / "bert"), max_seq_length=32)
    SentenceTransformer(modules=[transformer, parts.Pooling(32)], device="cpu").save(str(folder / "model"))
    return folder / "model"


def encoder(folder: Path, **settings) -> SentenceEncoder:
    return SentenceEncoder(EncoderConfig(model=str(folder), device="cpu", **{"precision": "float32", **settings}))


def test_rows_are_unit_float32_in_the_order_of_the_texts(tiny: Path) -> None:
    one = encoder(tiny)
    assert one.dimensions == 32
    vectors = one.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[-1], vectors[-2])
    np.testing.assert_array_equal(one.encode(TEXTS[::-1]), vectors[::-1])
    assert one.encode([]).shape == (0, 32)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_company_decides_nothing(tiny: Path, precision: str, monkeypatch) -> None:
    one = encoder(tiny, precision=precision)
    together = one.encode(TEXTS)
    np.testing.assert_array_equal(together, one.encode(TEXTS))
    alone = np.concatenate([one.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=2e-6 if precision == "float32" else 1e-2)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    np.testing.assert_array_equal(together, one.encode(TEXTS))
    np.testing.assert_allclose(encoder(tiny, precision=precision, batch_size=3).encode(TEXTS), together, atol=1e-2)


def test_it_agrees_with_the_library(tiny: Path) -> None:
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(tiny), device="cpu", local_files_only=True)
    expected = library.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder(tiny).encode(TEXTS), expected, atol=1e-5)


def test_bfloat16_is_near_and_is_another_encoder(tiny: Path) -> None:
    full, half = encoder(tiny), encoder(tiny, precision="bfloat16")
    assert full.id.endswith("/float32")
    assert half.id.endswith("/bfloat16")
    assert (full.encode(TEXTS) * half.encode(TEXTS)).sum(axis=1).min() > 0.995


def test_threads_of_the_process_are_left_as_they_were(tiny: Path) -> None:
    import torch

    before = torch.get_num_threads()
    encoder(tiny).encode(TEXTS)
    assert torch.get_num_threads() == before


def test_a_folder_is_known_by_name_and_content_not_by_path(tiny: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / tiny.name
    shutil.copytree(tiny, copy)
    assert encoder(copy).id == encoder(tiny).id
    assert str(tmp_path) not in encoder(copy).id
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    assert encoder(copy).id != encoder(tiny).id


def test_what_cannot_be_an_encoder_is_refused_with_a_reason(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path / "none"))
    for model in ("smollm2-135m-instruct", "no-such-name", "/no/such/folder", "./here"):
        with pytest.raises(WeightsError):
            SentenceEncoder(EncoderConfig(model=model))
    with pytest.raises(WeightsError, match="clio models pull all-minilm-l6-v2"):
        SentenceEncoder(EncoderConfig())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelSetupError):
        encoder(tmp_path / "empty").encode(["a"])


def test_batches_hold_equal_lengths_and_every_row_once() -> None:
    lengths = [3, 9, 3, 3, 9_000, 9, 1, 3]
    batches = module._batches(lengths, 3, cut=True)
    assert sorted(row for batch in batches for row in batch) == list(range(8))
    assert all(len({lengths[row] for row in batch}) == 1 for batch in batches)
    assert [len(batch) for batch in batches] == [1, 2, 3, 1, 1]


@pytest.mark.parametrize(
    ("flags", "device", "expected"),
    [
        ({"avx2"}, "cpu", "float32"),
        ({"avx512_bf16"}, "cpu", "bfloat16"),
        ({"amx_bf16"}, "cpu", "bfloat16"),
        ({"amx_bf16"}, "mps", "float32"),
        (set(), "cpu", "float32"),
    ],
)
def test_auto_precision_follows_the_hardware(monkeypatch, flags, device, expected) -> None:
    monkeypatch.setattr(module, "_cpu_flags", lambda: frozenset(flags))
    assert module._precision("auto", device) == expected
    assert module._precision("float32", device) == "float32"


def test_importing_loads_nothing_heavy() -> None:
    ours = (
        "models.encoder models.weights vectors.kmeans vectors.contrast vectors.density vectors.projection vectors.store"
    )
    heavy = {"torch", "faiss", "umap", "hdbscan", "sklearn", "transformers", "huggingface_hub", "threadpoolctl"}
    code = (
        f"import sys, {', '.join('clio.' + name for name in ours.split())}; sys.exit(len({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.models
def test_the_default_model_knows_what_belongs_together() -> None:
    try:
        weights.path("all-minilm-l6-v2")
    except WeightsError as error:
        pytest.skip(str(error))
    texts = ["How do I boil an egg?", "What is the best way to cook eggs?", "My Python script raises a KeyError."]
    vectors = SentenceEncoder(EncoderConfig(device="cpu")).encode(texts)
    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > 0.6 > 0.3 > vectors[0] @ vectors[2]
