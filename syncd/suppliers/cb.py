"""CB (Centraal Boekhuis), logistics for the Dutch book trade: order files up, stock lists down."""

from datetime import time, timedelta

from syncd.suppliers.rules import Arrivals, Consume, Daily, Encryption, Inbound, Outbound, Publish, Supplier, Tls

PUBLISHED = (time(1), time(5), time(14), time(16, 30), time(18), time(20), time(23))
"""“dagelijks 7 keer per dag op vaste tijdstippen”"""

CB = Supplier(
    name="cb",
    title="CB (Centraal Boekhuis)",
    source="Beschikbaarheid artikelen voor 24-uurslevering t.b.v. boekverkopers; Data exchange via FTP",
    host="ftp1.boekhuis.nl",
    port=21,
    tls=Tls(
        allowed=(Encryption.EXPLICIT,),  # "ftp(e)s … is verplicht"
        minimum="1.0",
        reason="CB's document of 2016: “CB ondersteunt op dit moment enkel TLSv1”",
    ),
    passive_ports=range(41000, 42001),  # "data channels … poortrange 41000:42000"
    login_interval=timedelta(minutes=10),  # "niet vaker … dan 1 keer per 10 minuten"
    encoding="iso-8859-1",
    timezone="Europe/Amsterdam",
    inbound=(
        Inbound(
            name="stock",
            directory="out",
            pattern=r"[0-9A-Za-z._-]{1,64}\.bhd",
            format="digicom",
            consume=Consume.SERVER_REMOVES,  # "automatisch verwijderd door de FTP server"
            arrivals=Arrivals(PUBLISHED, about=timedelta(minutes=15), grace=timedelta(minutes=45)),  # "omstreeks"
        ),
        Inbound(
            name="raw",
            directory="out",
            pattern=r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,63}",
            format="raw",
            consume=Consume.SERVER_REMOVES,
            optional=True,  # receipts and other messages: their form is not given
        ),
    ),
    outbound=(
        Outbound(
            name="orders",
            directory="in",
            pattern=r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,58}\.[a-z0-9_-]{1,5}",  # no capitals in an extension
            format="raw",  # the document gives no order format
            publish=Publish.DIRECT,  # "niet … naam veranderen"
        ),
    ),
    visits=Daily(
        at=PUBLISHED,
        after=(timedelta(minutes=5), timedelta(minutes=20)),  # "omstreeks"
    ),
    binary_suffixes=frozenset({".epub", ".jpg", ".pdf", ".zip"}),
    refused_suffixes=frozenset({".jpeg", ".png", ".gz", ".gif", ".tif", ".tiff", ".mp3"}),
)
