"""Umbreit, wholesaler in Bietigheim-Bissingen: orders, delivery notes, responses."""

from datetime import timedelta

from syncd.suppliers.rules import Consume, Encryption, Every, Inbound, Ola, Outbound, Publish, Supplier, Tls

UMBREIT = Supplier(
    name="umbreit",
    title="G. Umbreit GmbH & Co. KG",
    source="Technische Dokumentation Bestelldaten, ELS, OLA; Stand 12/2021, chapters 2 to 5",
    host="",  # "Die Adresse unseres FTP-Servers erhalten Sie auf Anfrage" (chapter 2)
    port=21,
    tls=Tls(allowed=(Encryption.NONE, Encryption.EXPLICIT, Encryption.IMPLICIT)),  # as the shop's contract says
    passive_ports=range(1024, 65536),
    login_interval=timedelta(0),
    encoding="cp1252",  # "ANSI-kodiert" (3.1)
    timezone="Europe/Berlin",
    inbound=(
        Inbound(
            name="answers",
            directory="out",
            pattern=r"R_[0-9]{6}M?[0-9]{1,10}000[0-9]{6}|R_[0-9A-Za-z_-]{1,60}",  # 4.1; other R_ names book nothing
            format="bwa-response",
            consume=Consume.KEEP,  # whether Umbreit removes them is not said
            consume_choices=(Consume.WE_REMOVE,),
        ),
    ),
    outbound=(
        Outbound(
            name="orders",
            directory="in",
            pattern=r"S_[0-9]{1,10}_[0-9]{14}",  # 3.1
            format="bwa-order",
            publish=Publish.RENAME,  # "erst nach erfolgreich abgeschlossener Übertragung so zu benennen" (3.1)
            name_template="S_{customer}_{stamp}",
            confirmed_by=("answers",),
        ),
    ),
    visits=Every(timedelta(minutes=5)),
    ola=Ola(
        port=5002,  # "Umbreit Barsortiment"; its test data: 5003, Petersen Buchimport: 5004, its test data: 5005 (5.1)
        silence=timedelta(minutes=5),  # "innerhalb von 5 Minuten keine Anfrage" (5.3)
    ),
)
