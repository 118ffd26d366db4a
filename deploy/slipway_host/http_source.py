"""Reading over HTTP. A token is only sent to the server that it is for."""

import urllib.parse
import urllib.request

TIMEOUT_S = 30


def hide_credentials(address):
    """An address without user, password and query, fit for logs."""
    try:
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname or ""
        if parts.port:
            host += ":%d" % parts.port
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return "(invalid address)"


def origin(address):
    parts = urllib.parse.urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the Authorization header goes along within one origin, never from https to http."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urllib.parse.urlsplit(req.full_url).scheme == "https" and not newurl.startswith("https:"):
            return None
        request = urllib.request.HTTPRedirectHandler.redirect_request(self, req, fp, code, msg, headers, newurl)
        token = req.unredirected_hdrs.get("Authorization")
        if request is not None and token and origin(newurl) == origin(req.full_url):
            request.add_unredirected_header("Authorization", token)
        return request


def open_url(url, headers):
    """The answer to a GET; the caller closes it. Redirects are followed."""
    others = {name: value for name, value in headers.items() if name != "Authorization"}
    request = urllib.request.Request(url, headers=dict({"User-Agent": "slipway", "Accept-Encoding": "identity"},
                                                       **others))
    if "Authorization" in headers:
        request.add_unredirected_header("Authorization", headers["Authorization"])
    return urllib.request.build_opener(Redirects).open(request, timeout=TIMEOUT_S)
