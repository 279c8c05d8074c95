"""Versions of packages."""

from importlib.metadata import PackageNotFoundError

import jointprice.versions
from jointprice.versions import PACKAGES, versions


def test_a_run_from_a_folder_of_sources_says_that_the_package_is_not_installed(monkeypatch):
    def version(package):
        if package == "jointprice":
            raise PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setattr(jointprice.versions, "version", version)
    assert versions() == {"jointprice": "not installed", **dict.fromkeys(PACKAGES[1:], "1.2")}
