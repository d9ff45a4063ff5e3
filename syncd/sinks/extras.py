"""Client libraries that only some sinks need: each is an extra of the package, imported by the sink that uses it."""

from importlib import import_module

from syncd.errors import ConfigError


def require(module: str, *, extra: str) -> None:
    """Import a client library, or raise ConfigError with the line that installs it."""
    try:
        import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"this type of sink needs {module}: {error}", remedy=f"pip install 'syncd[{extra}]'"
        ) from error
