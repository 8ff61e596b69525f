"""Short ways to write the configurations that tests need. Every one is a plain dictionary in the file's own words."""


def upstream(name: str, *endpoints, **settings) -> dict:
    """An upstream of the endpoints: addresses, objects with an `address`, or whole dictionaries."""

    def endpoint(value):
        return value if isinstance(value, dict) else {"address": getattr(value, "address", value)}

    return {"name": name, "endpoints": [endpoint(e) for e in endpoints], **settings}


def route(name: str, path: str | None = "/*", to: str | None = None, **settings) -> dict:
    """A route. `match` in the settings adds to the path; `to` names an upstream."""
    match = {**({"path": path} if path else {}), **settings.pop("match", {})}
    return {"name": name, "match": match, **({"upstream": to} if to else {}), **settings}


def api(name: str, *routes: dict, **settings) -> dict:
    return {"name": name, **settings, "routes": list(routes)}


def proxy(*endpoints, listener: dict | None = None, **settings) -> dict:
    """Everything goes to one upstream `up`, whose settings these are."""
    configuration = {"upstreams": [upstream("up", *endpoints, **settings)], "apis": [api("all", route("all", "/*", "up"))]}
    if listener:
        configuration["listeners"] = [listener]
    return configuration
