"""The report codes (Meldenummern, 1023): why something is not delivered.

Source: Umbreit, Technische Dokumentation 12/2021, 4.5, with its texts; the typing error in that of 90 is mended.
A code is a number: the list prints two digits, an M101 carries three. Whether a position was in fact back-ordered is
said by the record (1045), never by the text.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportCode:
    """One report code; `back_order`: its text says that the order is kept until the title can be delivered."""

    code: int
    text: str
    back_order: bool = False


_LIST = (
    ReportCode(0, "Lieferbar"),
    ReportCode(1, "Lieferbar innerhalb 14 Tagen, Bestellung ist vorgemerkt", back_order=True),
    ReportCode(2, "Lieferbar innerhalb 6 Wochen, Bestellung ist vorgemerkt", back_order=True),
    ReportCode(3, "Lieferbar innerhalb 6 Monaten, Bestellung ist vorgemerkt", back_order=True),
    ReportCode(4, "Noch nicht erschienen, Bestellung ist vorgemerkt", back_order=True),
    ReportCode(6, "Vergriffen, Titel wird vor Erscheinen neu angeboten"),
    ReportCode(7, "Vergriffen, Bestellung abgelegt"),
    ReportCode(9, "Bestellung unklar, bitte mit neuen Angaben neu bestellen"),
    ReportCode(10, "Fehlt kurzfristig am Lager. Bestellung ist nicht vorgemerkt"),
    ReportCode(15, "Fehlt kurzfristig am Lager. Bestellung ist vorgemerkt", back_order=True),
    ReportCode(17, "Führen wir nicht bzw. nicht mehr"),
    ReportCode(18, "Besorgungstitel, Festbezug"),
    ReportCode(19, "Ladenpreis aufgehoben, führen wir nicht mehr"),
    ReportCode(20, "Noch nicht erschienen, Bestellung ist nicht vorgemerkt"),
    ReportCode(22, "Terminauftrag ist vorgemerkt", back_order=True),
    ReportCode(23, "Noch nicht am Lager, Bestellung ist nicht vorgemerkt"),
    ReportCode(24, "Erscheint nicht laut Verlag"),
    ReportCode(25, "Noch nicht am Lager, Bestellung ist vorgemerkt", back_order=True),
    ReportCode(26, "Titel wird nicht mehr am Lager geführt, wird nicht besorgt"),
    ReportCode(29, "Nicht im Katalog enthalten"),
    ReportCode(34, "Erscheinen ungewiss, Bestellung wird vorgemerkt", back_order=True),
    ReportCode(35, "Erscheinen ungewiss, Bestellung wird nicht vorgemerkt"),
    ReportCode(41, "Bei uns ausverkauft, bitte beim Verlag bestellen"),
    ReportCode(50, "Bitte Verlags-Bestell-Nr. angeben"),
    ReportCode(51, "Lieferbar innerhalb 14 Tagen, Bestellung wird nicht vorgemerkt"),
    ReportCode(52, "Lieferbar innerhalb 6 Wochen, Bestellung wird nicht vorgemerkt"),
    ReportCode(53, "Lieferbar innerhalb 6 Monaten, Bestellung wird nicht vorgemerkt"),
    ReportCode(59, "Bitte beachten Sie folgende Information: ..."),
    ReportCode(60, "Wegen Indizierung nicht lieferbar"),
    ReportCode(
        62,
        "Titel infolge rechtlicher Auseinandersetzungen zur Zeit nicht lieferbar, Bestellung ist vorgemerkt",
        back_order=True,
    ),
    ReportCode(
        63,
        "Titel infolge rechtlicher Auseinandersetzungen zur Zeit nicht lieferbar, Bestellung ist nicht vorgemerkt",
    ),
    ReportCode(70, "Pflichtfortsetzung, bitte schriftlich bestellen"),
    ReportCode(71, "Fortsetzung notiert, Lieferung folgt", back_order=True),
    ReportCode(79, "Im Buchhandel nicht erhältlich"),
    ReportCode(82, "Keine Lieferung ins Ausland möglich"),
    ReportCode(90, "Schnellbesorgung (PoD), folgt in 2-3 Werktagen, vorgemerkt", back_order=True),
    ReportCode(91, "Besorgungstitel, lieferbar innerhalb 1 Woche"),
    ReportCode(93, "Besorgungstitel, Festbezug, lieferbar innerhalb 1 Woche"),
    ReportCode(96, "Nicht lieferbar wegen unzureichender Konditionen des Verlages, bitte bestellen Sie beim Verlag"),
    ReportCode(98, "Digitales Produkt. Nur per Download lieferbar"),
    ReportCode(99, "Position storniert"),
)

REPORT_CODES = {entry.code: entry for entry in _LIST}
"""Every report code of the list by its number."""
