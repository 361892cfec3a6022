"""What comes from others is exactly what its list says, and carries its licence."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDORED = ROOT / "frontend/src/vendored"
LIST = json.loads((VENDORED / "vendored.json").read_text("utf-8"))


def test_every_vendored_file_has_the_checksum_in_the_list():
    for each in LIST:
        found = hashlib.sha256((VENDORED / each["path"]).read_bytes()).hexdigest()
        assert found == each["sha256"], f"{each['path']}: run npm run vendor, and read the change"


def test_every_vendored_file_is_in_the_list():
    found = {
        path.relative_to(VENDORED).as_posix() for path in VENDORED.rglob("*") if path.is_file()
    }
    assert found - {"vendored.json"} == {each["path"] for each in LIST}


def test_vendored_files_are_of_the_version_that_package_json_names():
    versions = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    assert all(versions[each["package"]] == each["version"] for each in LIST)


def test_each_vendored_folder_carries_its_licence():
    for folder in VENDORED.iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").is_file() or (folder / "OFL.txt").is_file()


def test_no_lock_file_names_a_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert not [name for name, each in lock["packages"].items() if "resolved" in each]
    # npm ci refuses a lock that lacks one of the builds it could choose from.
    wanted = lock["packages"]["node_modules/@biomejs/biome"]["optionalDependencies"]
    assert all(f"node_modules/{name}" in lock["packages"] for name in wanted)
