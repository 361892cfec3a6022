"""Puts the built frontend into a wheel, where `llamora.settings.FRONTEND` looks for it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Frontend(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # a checkout's own is used
        frontend = Path(self.root) / "frontend"
        if not (frontend / "dist/manifest.json").is_file():
            raise SystemExit("The frontend is not built; run `npm ci` and `npm run build` first.")
        # The sources too: icons are read from them, and what is vendored has its licences there.
        for folder in ("dist", "src"):
            build_data["force_include"][str(frontend / folder)] = f"llamora/frontend/{folder}"
