"""Reading over HTTP."""

import urllib.parse
import urllib.request


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


def open_url(url, headers):
    request = urllib.request.Request(url, headers=dict({"User-Agent": "slipway", "Accept-Encoding": "identity"},
                                                       **headers))
    return urllib.request.urlopen(request, timeout=30)
