from __future__ import annotations

from pathlib import Path

import pytest

from clio.config.report import ALL_SECTIONS, ReportConfig, load_report_config
from clio.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_says_the_defaults() -> None:
    assert load_report_config(ROOT / "configs" / "report.yaml").model_dump() == ReportConfig().model_dump()


def test_every_fault_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("titel: x\nlanguage: fr\ndetail: all\n", encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_report_config(path)
    assert len(wrong.value.faults) == 3
    assert "titel" in str(wrong.value)


@pytest.mark.parametrize("sections", [["summary"], ["privacy"], ["limits", "limits", "privacy"], ["privacy", "nosuch"]])
def test_privacy_and_limits_stay(sections: list[str]) -> None:
    with pytest.raises(ConfigError, match="sections"):
        load_report_config({"sections": sections})
    assert {"privacy", "limits"} <= set(ALL_SECTIONS)


def test_templates_lie_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("templates: mine\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no folder"):
        load_report_config(path)
    (tmp_path / "mine").mkdir()
    assert load_report_config(path, language="de").templates == tmp_path / "mine"
    assert load_report_config(path, language=None).language == "en"


def test_a_folder_of_fonts_lies_beside_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("fonts: letters\ntemplates: mine\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"fonts: .*letters is no folder") as wrong:
        load_report_config(path)
    assert len(wrong.value.faults) == 2
    for name in ("letters", "mine"):
        (tmp_path / name).mkdir()
    assert load_report_config(path).fonts == tmp_path / "letters"
