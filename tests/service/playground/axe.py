"""axe-core, the accessibility checker, from the npm registry; it is not part of the project."""

import shutil
import subprocess
import tarfile

VERSION = "4.14.1"
SCRIPT = "package/axe.min.js"
RUN = """(async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map((node) => node.target).join(' | ')}`);
})()"""


class AxeUnavailableError(Exception):
    """It could not be fetched."""


def fetch_axe(folder):
    """axe-core's script; `folder` keeps it between runs."""
    kept = folder / f"axe-core-{VERSION}.tgz"
    if not kept.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise AxeUnavailableError("no npm on this machine to fetch axe-core with")
        command = [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", str(folder), "--silent"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        except (subprocess.SubprocessError, OSError) as error:
            raise AxeUnavailableError(f"axe-core cannot be fetched from the npm registry ({error})") from None
    with tarfile.open(kept) as packed:
        return packed.extractfile(SCRIPT).read().decode()


def violations(browser, script):
    """What axe finds on the page as it stands, one line each."""
    browser.run(f"{script}; undefined")
    return browser.run(RUN)
