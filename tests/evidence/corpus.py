"""Files that people and attackers send, made by code: nothing hostile is kept in the repository."""

import io
import random
import struct
import zipfile
import zlib

import pikepdf
import pyzipper
from PIL import Image

from evidence.core.containers import README_NAME
from evidence.scanners.embedded import EICAR

PASSPHRASE = "phrase-secrete-de-test"


def pdf(pages: int = 1, **options) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    output = io.BytesIO()
    document.save(output, **options)
    return output.getvalue()


def text_pdf(*pages: list[str], rotate: int = 0) -> bytes:
    """One page of 200 × 400 points per argument, each line 20 points under the former."""
    document = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    for lines in pages:
        page = document.add_blank_page(page_size=(200, 400))
        text = b"".join(b"0 -20 Td (%s) Tj " % line.encode("cp1252") for line in lines)
        page.obj.Contents = pikepdf.Stream(document, b"BT /F1 10 Tf 20 400 Td " + text + b"ET")
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        if rotate:
            page.obj.Rotate = rotate
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def protected_pdf(*, user: str) -> bytes:
    return pdf(encryption=pikepdf.Encryption(user=user, owner="proprietaire"))


def pdf_with_eicar() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.Note = pikepdf.Stream(document, EICAR)
    output = io.BytesIO()
    document.save(output, compress_streams=False)
    return output.getvalue()


def pdf_object_stream_bomb(size: int = 1 << 30) -> bytes:
    """A small PDF whose catalogue hides in an object stream of a gigabyte."""
    packer = zlib.compressobj(9)
    head = b"1 0 2 36 <</Type/Catalog/Pages 2 0 R      >> <</Type/Pages/Kids[]/Count 0>>"
    block = b" " * (1 << 20)
    stream = packer.compress(head) + b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    out = b"%PDF-1.5\n"
    at_objects = len(out)
    out += b"3 0 obj<</Type/ObjStm/N 2/First 9/Filter/FlateDecode/Length %d>>stream\n" % len(stream)
    out += stream + b"\nendstream endobj\n"
    at_table = len(out)
    rows = struct.pack(">BIH", 0, 0, 65535) + struct.pack(">BIH", 2, 3, 0) + struct.pack(">BIH", 2, 3, 1)
    rows += struct.pack(">BIH", 1, at_objects, 0) + struct.pack(">BIH", 1, at_table, 0)
    out += b"4 0 obj<</Type/XRef/Size 5/W[1 4 2]/Root 1 0 R/Length %d>>stream\n" % len(rows)
    return out + rows + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % at_table


def image(code: str, size: tuple[int, int] = (64, 48)) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, "navy").save(output, {"png": "PNG", "jpg": "JPEG"}[code])
    return output.getvalue()


def huge_png() -> bytes:
    """A hundred bytes that announce ten billion pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def archive(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as made:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            made.writestr(info, content)
    return output.getvalue()


def archive_with_link() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as made:
        info = zipfile.ZipInfo("lien.pdf")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    return output.getvalue()


def archive_bomb(megabytes: int = 400) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made, made.open("zeros.txt", "w") as member:
        for _ in range(megabytes):
            member.write(b"\0" * (1 << 20))
    return output.getvalue()


def archive_overlapping(copies: int = 50) -> bytes:
    """Many directory entries for the same packed bytes."""
    packed = archive({"a.txt": b"\0" * 1_000_000})
    end = packed.rindex(b"PK\x05\x06")
    at = struct.unpack("<I", packed[end + 16 : end + 20])[0]
    entry = packed[at:end]
    directory = entry * copies
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(directory), at, 0)
    return packed[:at] + directory + tail


def archive_lying(content: bytes = b"contenu " * 1000) -> bytes:
    """A directory that announces another checksum than that of the content."""
    packed = bytearray(archive({"a.txt": content}))
    at = packed.rindex(b"PK\x01\x02")
    packed[at + 16] ^= 0xFF
    return bytes(packed)


def office(code: str, *, macro: bool = False, extra: dict[str, bytes] | None = None) -> bytes:
    if code in {"odt", "ods"}:
        kind = {"odt": "text", "ods": "spreadsheet"}[code]
        mime = f"application/vnd.oasis.opendocument.{kind}"
        members = {"mimetype": mime.encode(), "content.xml": b"<x/>", "META-INF/manifest.xml": b"<m/>"}
        if macro:
            members["Basic/Standard/Module1.xml"] = b"<b/>"
    else:
        part, kind = {
            "docx": ("word/document.xml", "wordprocessingml.document"),
            "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet"),
        }[code]
        main = f"application/vnd.openxmlformats-officedocument.{kind}.main+xml"
        types = f'<Types><Override PartName="/{part}" ContentType="{main}"/></Types>'
        members = {"[Content_Types].xml": types.encode(), "_rels/.rels": b"<r/>", part: b"<x/>"}
        if macro:
            members[part.split("/")[0] + "/vbaProject.bin"] = b"macro"
    return archive(members | (extra or {}))


def windows_program() -> bytes:
    header = bytearray(b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664))
    return bytes(header) + b"\0" * 500


def container(
    members: dict[str, bytes], *, passphrase: str = PASSPHRASE, bits: int = 256, readme: bool = True
) -> bytes:
    output = io.BytesIO()
    with pyzipper.AESZipFile(output, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as made:
        made.setpassword(passphrase.encode())
        made.setencryption(pyzipper.WZ_AES, nbits=bits)
        if readme:
            made.writestr(README_NAME, "Bonjour")
        for name, content in members.items():
            made.writestr(name, content)
    return output.getvalue()


def with_plain_entry(packed: bytes, name: str, content: bytes) -> bytes:
    output = io.BytesIO(packed)
    with zipfile.ZipFile(output, "a") as made:
        made.writestr(name, content)
    return output.getvalue()


def zipcrypto(name: str, content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    """One entry under the traditional PKWARE encryption (APPNOTE 6.1)."""
    table = [_crc_row(n) for n in range(256)]
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = (keys[0] >> 8) ^ table[(keys[0] ^ byte) & 0xFF]
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ table[(keys[2] ^ (keys[1] >> 24)) & 0xFF]

    def encrypt(plain: bytes) -> bytes:
        out = bytearray()
        for byte in plain:
            temp = (keys[2] & 0xFFFF) | 2
            out.append(byte ^ (((temp * (temp ^ 1)) >> 8) & 0xFF))
            update(byte)
        return bytes(out)

    for byte in passphrase.encode():
        update(byte)
    crc = zlib.crc32(content)
    body = encrypt(random.Random(1).randbytes(11) + bytes([crc >> 24])) + encrypt(content)
    raw = name.encode()
    common = struct.pack("<3H2H3L2H", 20, 1, 0, 0, 0x21, crc, len(body), len(content), len(raw), 0)
    local = b"PK\x03\x04" + common + raw + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, 0) + raw
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def _crc_row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
    return value
