"""As whom the company's own identity provider says: for companies that want it to have the last word on jobs too.

The job has an account at the provider and an extension in Callgate with the same e-mail address. It signs in at the
provider as a browser would, is given a response for our token endpoint, cuts the assertion out and exchanges it:

    IDP_URL='https://idp.example/saml2/idp/SSOService.php?spentityid=…&ConsumerURL=https://…/restapi/oauth/token' \
    IDP_USER=… IDP_PASSWORD=… CALLGATE_URL=https://… APP_CLIENT_ID=… APP_CLIENT_SECRET=… python saml_assertion.py

IDP_URL begins a sign-in at the provider that ends at the token endpoint: docs/saml.md says how each provider calls it.
It works with providers whose sign-in page is a form; where a job must pass a second factor, use a JWT credential.
"""

import base64
import os
import re
import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from wire import get_token, pull_reports

GRANT = "urn:ietf:params:oauth:grant-type:saml2-bearer"


class Form(HTMLParser):
    """The first form of a page: where it goes, and what stands in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each element."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = told.get("action", "")
        if tag == "input" and told.get("name") and told.get("type") != "submit":
            self.fields[told["name"]] = told.get("value", "")


def get_response(url: str, user: str, password: str) -> str:
    """Sign in at the provider; gives the XML it would have a browser post."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(url, timeout=30) as page:
        form, here = Form(page.read().decode()), page.geturl()
    filled = urllib.parse.urlencode({**form.fields, "username": user, "password": password}).encode()
    with browser.open(urllib.parse.urljoin(here, form.action), filled, timeout=30) as page:
        answer = Form(page.read().decode()).fields.get("SAMLResponse")
    if answer is None:
        sys.exit("The provider sent no response: is the password right, and does it ask for more than one?")
    return base64.b64decode(answer).decode()


def cut_out_assertion(response: str) -> str:
    """The assertion, letter for letter, with the namespaces that were declared around it: its signature allows that."""
    around, found = (
        re.search(r"<[\w:]*Response\b[^>]*", response),
        re.search(r"<[\w:]*Assertion\b[^>]*>.*</[\w:]*Assertion>", response, re.DOTALL),
    )
    if around is None or found is None:
        sys.exit("The response holds no assertion, or an encrypted one.")
    tag, _, rest = found[0].partition(">")
    declared = re.findall(r'(\sxmlns(?::\w+)?=)("[^"]*")', around[0])
    return tag + "".join(name + uri for name, uri in declared if name not in tag) + ">" + rest


def main() -> None:
    """Sign in there, exchange the assertion here (RFC 7522). It is good once: ask the provider for each anew."""
    response = get_response(os.environ["IDP_URL"], os.environ["IDP_USER"], os.environ["IDP_PASSWORD"])
    packed = base64.urlsafe_b64encode(cut_out_assertion(response).encode()).decode().rstrip("=")
    pull_reports(get_token(grant_type=GRANT, assertion=packed))


if __name__ == "__main__":
    main()
