"""The table `[sink.NAME]` of type "alma"."""

import re
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic import Field as Setting

from syncd.sinks.alma.confirm import Field
from syncd.sinks.names import FILE, AbsolutePath

PRINTED = "/ALMA/Alma.svc/OrderConfirm?"
"""The address as Axiell prints it, from the host on."""
SEARCH_KEYS = ("AdLibris", "forlagett", "bokus", "BTJ-PR")
"""Those that Axiell's page names; it prints "forlagett" with a capital letter too."""
BTJ_DIGITS = 8


def _checked_endpoint(text: str) -> str:
    """Return the address as it is: not a byte of it is changed, later either."""
    if not re.fullmatch(r"https?://[^\s/@]+/[!-~]*", text) or "#" in text:
        raise ValueError(f"should be an address like http://www.kommunbibliotek.se{PRINTED}, without user and #")
    if not urlsplit(text).hostname or (urlsplit(text).port or 1) < 1:
        raise ValueError("names no host")
    return text


Words = Annotated[str, Setting(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$", max_length=200)]


class AlmaSettings(BaseModel):
    """The table `[sink.NAME]` of type "alma"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: Annotated[str, AfterValidator(_checked_endpoint)] = Setting(
        description="the library's address, as Axiell's support tells it; kept byte for byte"
    )
    supplier: Words = Setting(description="the search key (sökkod) of the supplier in Libra")
    account: Words = Setting(description="the account as it stands under Internetkonton; at BTJ eight digits")
    path: AbsolutePath = Setting(description="a folder of this sink's own: it holds what was posted")
    request: Literal["query", "form", "template"] = Setting(description="the form of a request; unverified")
    template: AbsolutePath | None = Setting(
        default=None, json_schema_extra=FILE, description='the file for request = "template"'
    )
    content_type: Words = Setting(default="text/xml; charset=utf-8", description="what the template is")
    headers: dict[Words, Words] | None = Setting(default=None, description="more headers, such as SOAPAction")
    fields: dict[Words, Field] | None = Setting(
        default=None,
        min_length=1,
        description="for query and form: what the web service calls a field, and which one it is",
    )
    titles: AbsolutePath | None = Setting(default=None, json_schema_extra=FILE, description="the title file")
    record_supplier: Literal["BURK", "LIBRIS"] | None = Setting(
        default=None, description="whose numbers stand under title_number in the title file"
    )
    required: list[Field] = Setting(default=["isbn", "copies"], description="without these a record is not posted")
    ca_file: AbsolutePath | None = Setting(default=None, description="trust these certificates alone, PEM")
    answer: Words | None = Setting(default=None, description="what an answer must hold; without it any 2xx will do")
    timeout: float = Setting(default=60, gt=0, le=3600, description="seconds until an answer counts as lost")

    @model_validator(mode="before")
    @classmethod
    def _eight_digits(cls, values: object) -> object:
        """Put a 0 before an account at BTJ that has seven digits; refuse one that has not eight then."""
        if not isinstance(values, dict) or not isinstance(account := values.get("account"), str):
            return values
        if not str(values.get("supplier")).lower().startswith("btj"):
            return values
        eight = f"0{account}" if re.fullmatch("[0-9]{7}", account) else account
        if not re.fullmatch(f"[0-9]{{{BTJ_DIGITS}}}", eight):
            raise ValueError(f"account: at BTJ it has {BTJ_DIGITS} digits, or 7 that get a 0 in front; not {account!r}")
        return {**values, "account": eight}

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.template is None) == (self.request == "template"):
            raise ValueError('template: goes with request = "template", and only with it')
        if re.search(r"charset\s*=(?!\s*\"?utf-?8)", self.content_type, re.IGNORECASE):
            raise ValueError("content_type: what is sent is UTF-8")
        if self.fields is not None and self.request == "template":
            raise ValueError("fields: a template names its fields itself")
        return self

    def warnings(self) -> list[str]:
        """Say what cannot be checked here, for `syncd config check`."""
        said = [f'request = "{self.request}" is unverified: the form of a request is not public; ask Axiell']
        if not self.endpoint.endswith(PRINTED):
            said.append(f"endpoint does not end with {PRINTED}, as Axiell prints it")
        if self.supplier.lower() not in (key.lower() for key in SEARCH_KEYS):
            said.append(f"supplier is none of the search keys that Axiell names: {', '.join(SEARCH_KEYS)}")
        return said


FIELDS: tuple[Field, ...] = get_args(Field)
