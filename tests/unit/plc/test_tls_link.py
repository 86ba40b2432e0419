"""Modbus/TCP Security: both sides prove who they are, and every failure names its file and its mend."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge.simulator.certificates import make_authority, make_certificate, server_context
from plc.address import PlcAddress
from plc.link import ModbusLink
from plc.tls import TlsFiles
from quality.ports import EquipmentError
from tests.unit.plc.equipment import Device, ManualClock

Serve = Callable[[ssl.SSLContext], Awaitable[Device]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA with a server's and a client's certificate, expired ones, one for another host, and a strange CA."""
    made = tmp_path_factory.mktemp("certificates")
    make_authority(made)
    make_authority(made, "stranger")
    for name in ("server", "client"):
        make_certificate(made, name)
        make_certificate(made, f"{name}-expired", days=-1)
    make_certificate(made, "server-elsewhere", host="plc.plant.example")
    make_certificate(made, "client-strange", authority="stranger")
    locking = ["openssl", "ec", "-in", "client.key", "-out", "locked.key", "-aes256", "-passout", "pass:secret"]
    subprocess.run(locking, cwd=made, check=True, capture_output=True)
    return made


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    devices: list[Device] = []

    async def started(context: ssl.SSLContext) -> Device:
        device = Device(context)
        await device.start()
        devices.append(device)
        return device

    yield started
    for device in devices:
        await device.stop()


def files(folder: Path, *, ca: str = "ca", client: str = "client", key: str | None = None) -> TlsFiles:
    return TlsFiles(folder / f"{ca}.pem", folder / f"{client}.pem", folder / f"{key or client}.key")


def link_to(port: int, tls: TlsFiles, *, host: str = "127.0.0.1", timeout_s: float = 2.0) -> ModbusLink:
    return ModbusLink(PlcAddress(host, port, 1, timeout_s, tls=tls), ManualClock())


@contextmanager
def shaking_hands(context: ssl.SSLContext) -> Iterator[int]:
    """A device that says in an alert what it has against us, which no server of asyncio's does; gives its port."""
    heard = threading.Event()

    def shake_hands() -> None:
        with context.wrap_socket(listening.accept()[0], True, do_handshake_on_connect=False) as connection:
            with suppress(OSError):
                connection.do_handshake()
            heard.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        device = threading.Thread(target=shake_hands)
        device.start()
        yield listening.getsockname()[1]
        heard.set()
        device.join()


async def trouble_of(link: ModbusLink) -> str:
    with pytest.raises(EquipmentError) as caught:
        await link.read_registers(0, 1)
    await link.close()
    assert str(caught.value).startswith("plc 127.0.0.1:")
    return str(caught.value)


async def test_reads_and_writes_over_tls_with_both_certificates(folder: Path, serve: Serve) -> None:
    device = await serve(server_context(folder))
    async with link_to(device.port, files(folder)) as link:
        await link.write_registers(0, (1, 2))
        assert await link.read_registers(0, 3) == (1, 2, 0)
        assert device.connections == 1
        device.misbehave = lambda _, reply: b"\0\0" + reply[2:]
        with pytest.raises(EquipmentError, match="transaction 0"):
            await link.read_registers(0, 3)


async def test_a_name_of_the_device_that_is_not_its_host(folder: Path, serve: Serve) -> None:
    device = await serve(server_context(folder, "server-elsewhere"))
    said = await trouble_of(link_to(device.port, files(folder)))
    assert "the device's certificate is not for 127.0.0.1; set plc.tls.server_name" in said
    named = TlsFiles(*(folder / name for name in ("ca.pem", "client.pem", "client.key")), "plc.plant.example")
    async with link_to(device.port, named) as link:
        assert await link.read_registers(0, 1) == (0,)


async def test_a_device_whose_certificate_has_expired(folder: Path, serve: Serve) -> None:
    device = await serve(server_context(folder, "server-expired"))
    said = await trouble_of(link_to(device.port, files(folder)))
    assert "the device's certificate has expired; install a new one" in said


async def test_a_device_of_another_ca(folder: Path, serve: Serve) -> None:
    device = await serve(server_context(folder))
    said = await trouble_of(link_to(device.port, files(folder, ca="stranger")))
    assert f"not signed by plc.tls.ca {folder / 'stranger.pem'}; name the CA that signed it" in said


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("client", "says"), [("client-expired", "it has expired"), ("client-strange", "it does not know the CA")]
)
async def test_a_certificate_of_ours_that_the_device_refuses(
    folder: Path, client: str, says: str, newest: ssl.TLSVersion
) -> None:
    context = server_context(folder)
    context.maximum_version = newest
    with shaking_hands(context) as port:
        said = await trouble_of(link_to(port, files(folder, client=client)))
    assert f"the device refuses plc.tls.certificate {folder / client}.pem: {says}" in said


async def test_a_device_that_refuses_us_and_does_not_say_why(folder: Path, serve: Serve) -> None:
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server_context(folder)
        context.maximum_version = newest
        device = await serve(context)
        said = await trouble_of(link_to(device.port, files(folder, client="client-strange")))
        assert "closed the connection before it answered and gave no reason; it may not know the CA" in said


async def test_a_key_that_does_not_fit(folder: Path) -> None:
    said = await trouble_of(link_to(9, files(folder, key="server")))
    assert f"plc.tls.key {folder / 'server.key'} does not fit plc.tls.certificate {folder / 'client.pem'}" in said


async def test_a_file_that_is_not_there_is_no_pem_or_is_locked(folder: Path) -> None:
    said = await trouble_of(link_to(9, files(folder, ca="none")))
    assert f"plc.tls.ca {folder / 'none.pem'} cannot be read: No such file" in said
    said = await trouble_of(link_to(9, files(folder, key="none")))
    assert f"plc.tls.key {folder / 'none.key'} cannot be read" in said
    (folder / "text.pem").write_text("no certificate")
    said = await trouble_of(link_to(9, files(folder, ca="text")))
    assert f"plc.tls.ca {folder / 'text.pem'} holds no certificate" in said
    said = await trouble_of(link_to(9, files(folder, client="text", key="client")))
    assert f"{folder / 'text.pem'} or plc.tls.key" in said
    said = await trouble_of(link_to(9, files(folder, key="locked")))
    assert f"plc.tls.key {folder / 'locked.key'} is locked by a password" in said


async def test_a_device_that_speaks_no_tls(folder: Path) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, I speak no TLS")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        said = await trouble_of(link_to(server.sockets[0].getsockname()[1], files(folder)))
    assert "speaks no TLS; check plc.port (802 is usual" in said


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_a_device_that_offers_tls_1_1_alone(folder: Path) -> None:
    context = server_context(folder)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with shaking_hands(context) as port:
        said = await trouble_of(link_to(port, files(folder)))
    assert "the device offers no TLS 1.2 or newer" in said


async def test_a_device_that_takes_the_connection_and_says_nothing_is_given_up_in_time(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = await trouble_of(link_to(silent.getsockname()[1], files(folder), timeout_s=0.1))
    assert "no connection within 0.1 s" in said
