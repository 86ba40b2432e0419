"""The line file that `jidoka init` starts from and `jidoka demo` fills in."""

from importlib.resources import files
from string import Template

NEW_LINE = {
    "line": "line-1",
    "time_zone": "UTC",
    "plc_host": "192.0.2.10",
    "plc_port": "502",
    "gauge_port": "503",
    "camera_source": "http://192.0.2.11/stream",
    "review_host": "0.0.0.0",  # noqa: S104 - the tablet has to reach it
    "review_port": "8080",
    "demo": "false",
}


def line_file(**values: str) -> str:
    """The text of a line file, with these values in place of those of a new line.

    `plc_reach` and `gauge_reach` are the settings, as YAML, that say where the two answer; without them it is the
    host and the ports.
    """
    text = files("edge").joinpath("line.template.yaml").read_text(encoding="utf-8")
    known = NEW_LINE | values
    over_tcp = {
        "plc_reach": f"host: {known['plc_host']}\n  port: {known['plc_port']}",
        "gauge_reach": f"host: {known['plc_host']}, port: {known['gauge_port']}",
    }
    return Template(text).substitute(over_tcp | known)
