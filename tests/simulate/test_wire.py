"""The houses' end of a connection, where it matters in which moment something comes."""

import asyncio
import logging
import ssl

from syncd.simulate import Tls
from tests.simulate import clients


async def test_a_visitor_who_leaves_with_the_last_words_of_the_handshake_is_no_matter_for_a_log(tmp_path, caplog):
    ca_file = tmp_path / "ca.pem"
    async with clients.umbreit(tls=Tls.EXPLICIT, ca_file=ca_file) as house:
        reader, writer = await asyncio.open_connection(house.host, house.port)
        await reader.readline()
        writer.write(b"AUTH TLS\r\n")
        assert (await reader.readline()).startswith(b"234")
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ssl.create_default_context(cafile=str(ca_file)).wrap_bio(arrived, leaving, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(leaving.read())
                arrived.write(await reader.read(65536))
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            writer.write(leaving.read())  # the end of the handshake and of TLS in one
        await reader.read()
        writer.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
