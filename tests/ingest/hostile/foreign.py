"""What is no log at all, or no file."""

# ruff: noqa: E501 - tables are read across

import os
from pathlib import Path

from tests.ingest.hostile.making import CSV, Hostile, refused, zipped

BPMN = (
    "<?xml version='1.0'?><bpmn:definitions xmlns:bpmn='http://www.omg.org/spec/BPMN/20100524/MODEL'>"
    "<bpmn:process id='p'><bpmn:scriptTask id='x' name='Wipe disk'><bpmn:script>rm -rf /</bpmn:script>"
    "</bpmn:scriptTask></bpmn:process></bpmn:definitions>"
)
PLAIN_BPMN = "<definitions><process><scriptTask id='x'/></process></definitions>"
LOGIN = "<!doctype html>\n<html><head><title>Sign in</title></head><body><form></form></body></html>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("gone.csv"))


def sparse(path: Path) -> None:
    """Ten gigabytes that take no room."""
    with path.open("wb") as file:
        file.truncate(10 << 30)


FOREIGN: tuple[Hostile, ...] = (
    refused("PDF", "a.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    refused("PNG", "a.xes", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
    refused("JPEG", "a.json", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG"),
    refused("GIF", "a.csv", b"GIF89a\x01\0\x01\0", "GIF"),
    refused("ELF", "a.csv", b"\x7fELF\x02\x01\x01\0" + bytes(80), "program"),
    refused("Windows program", "a.csv", b"MZ\x90\0\x03\0\0\0" + bytes(80), "program"),
    refused("old Word", "a.csv", OLE, "Office"),
    refused("Word", "a.csv", zipped({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "Word"),
    refused("OpenDocument", "a.csv", zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}), "OpenDocument"),
    refused("RTF", "a.csv", "{\\rtf1 hello}", "rich-text"),
    refused("7z", "a.csv", b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
    refused("RAR", "a.zip", b"Rar!\x1a\x07\x01\0", "RAR"),
    refused("bzip2", "a.csv", b"BZh91AY&SY", "bzip2"),
    refused("xz", "a.csv", b"\xfd7zXZ\0\0", "xz"),
    refused("zstd", "a.csv", b"\x28\xb5\x2f\xfd\x04", "Zstandard"),
    refused("Feather", "a.parquet", b"ARROW1\0\0", "Arrow"),
    refused("ORC", "a.parquet", b"ORC\x08\x03", "ORC"),
    refused("Avro", "a.json", b"Obj\x01\x04\x16avro.schema", "Avro"),
    refused("pickle", "a.csv", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix", "pickle"),
    refused("Access", "a.csv", b"\0\x01\0\0Standard ACE DB\0", "Access"),
    refused("login page", "a.csv", LOGIN, "HTML"),
    refused("login page for a log", "a.xes", "\n  " + LOGIN.upper(), "HTML"),
    refused("HTML behind a mark", "a.csv", b"\xef\xbb\xbf" + LOGIN.encode(), "HTML"),
    refused("HTML table called Excel", "a.xls", "<html xmlns:x='urn:x'><table><tr><td>1</td></tr></table></html>", "HTML"),
    refused("HTML in XML", "a.json", "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "HTML"),
    refused("BPMN with a script", "a.bpmn", BPMN, "BPMN"),
    refused("BPMN's script is named", "a.bpmn", BPMN, "script"),
    refused("BPMN that calls itself XES", "a.xes", PLAIN_BPMN, "BPMN"),
    refused("PNML", "a.pnml", "<?xml version='1.0'?><pnml><net id='n'/></pnml>", "Petri net"),
    refused("MXML", "a.mxml", "<?xml version='1.0'?><WorkflowLog><Process id='p'/></WorkflowLog>", "MXML"),
    refused("SVG", "a.xes", "<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
    refused("an error of a server", "a.json", '{"error": {"code": 401, "message": "token expired"}}', "no events"),
    refused("noise", "a.csv", bytes((i * i * 31 + i * 7) % 255 + 1 for i in range(5_000)), "text"),
    refused("a folder", "logs", folder, "folder"),
    refused("a pipe", "a.csv", pipe, "not a file"),
    refused("a device", "a.csv", link_to_zeros, "not a file"),
    refused("ten gigabytes of nothing", "a.csv", sparse, "limit"),
    refused("csv for a picture's name", "a.png", CSV.replace("case_id", "id"), "case_id"),
)  # fmt: skip
