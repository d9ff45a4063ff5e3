"""The configuration: TOML, environment and secrets into checked settings."""
