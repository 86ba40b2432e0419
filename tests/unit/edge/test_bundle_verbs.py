"""`jidoka models`: keys, signatures, and which bundle is in force, as a person or a program asks for it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from edge.bundles import bundle_folder
from edge.cli import app
from edge.template import line_file
from inference.bundle import MANIFEST, SIGNATURE, load_bundle, write_bundle


def models(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["models", *words, "--json"])
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout)) if done.stdout else {"error": done.stderr}


def fresh(folder: Path, **calibration: float) -> Path:
    """A bundle with everything a new one has, made from the graph of the one that ships."""
    shipped = load_bundle(bundle_folder("builtin:beam-forecast", folder))
    write_bundle(
        folder,
        kind=shipped.kind,
        name=shipped.name,
        model=shipped.model,
        fields=shipped.fields,
        calibration=calibration,
        learned_from=(),
        recipe=shipped.recipe,
        figures={},
        card="# Beam",
    )
    return folder


def test_a_signed_bundle_is_verified_by_us_and_by_openssl(tmp_path: Path) -> None:
    bundle = fresh(tmp_path / "bundle")
    made = models("keygen", str(tmp_path))
    private, public = Path(made["private"]), Path(made["public"])
    assert private.stat().st_mode & 0o077 == 0
    assert "is there already" in models("keygen", str(private), code=1)["error"]
    unsigned = models("verify", str(bundle), "--key", str(public), code=1)
    assert unsigned["ok"] is False
    assert "not signed" in unsigned["sentence"]
    assert models("sign", str(bundle), "--key", str(private))["signed_with"] == made["fingerprint"]
    assert models("verify", str(bundle), "--key", str(public))["signature_checked"] is True
    assert models("verify", str(bundle))["signature_checked"] is False
    assert "holds no private key" in models("sign", str(bundle), "--key", str(public), code=1)["error"]
    if shutil.which("openssl") is not None:
        import base64

        signature = json.loads((bundle / SIGNATURE).read_bytes())["signature"]
        (tmp_path / "raw").write_bytes(base64.b64decode(signature))
        asked = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public)]
        subprocess.run(
            [*asked, "-in", str(bundle / MANIFEST), "-sigfile", str(tmp_path / "raw")],
            check=True,
            capture_output=True,
        )


def test_the_card_is_covered_by_the_signature(tmp_path: Path) -> None:
    bundle = fresh(tmp_path / "bundle")
    made = models("keygen", str(tmp_path / "own.key"))
    models("sign", str(bundle), "--key", made["private"])
    (bundle / "card.md").write_text("# Good for everything")
    assert "card.md: SHA-256" in models("verify", str(bundle), "--key", made["public"], code=1)["sentence"]


def test_promote_and_rollback_say_what_is_in_force_and_from_when(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(), encoding="utf-8")
    line = ("--line", str(path))
    first = models("promote", "beam", str(fresh(tmp_path / "one", widening=1.0)), *line)
    assert first["used"] is False
    assert "write promoted:beam under models" in first["then"]
    path.write_text(line_file().replace("builtin:beam-forecast", "promoted:beam"), encoding="utf-8")
    second = models("promote", "beam", str(fresh(tmp_path / "two", widening=2.0)), *line)
    assert "next start" in second["then"]

    def standing() -> dict[str, str]:
        listed = models("list", *line)["bundles"]
        return {one["stands"]: one["digest"] for one in listed if one["bundle"] == "promoted:beam"}

    assert standing() == {"in force": second["digest"], "before": first["digest"]}
    assert models("rollback", "beam", *line)["digest"] == first["digest"]
    assert standing() == {"in force": first["digest"], "before": second["digest"]}
    assert "no name for a bundle" in models("promote", "../beam", str(tmp_path / "one"), *line, code=1)["error"]
    (tmp_path / "two" / "model.onnx").write_bytes(b"")
    assert "SHA-256" in models("promote", "beam", str(tmp_path / "two"), *line, code=1)["error"]
    assert standing()["in force"] == first["digest"]
