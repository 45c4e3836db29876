"""OpenTelemetry log records over OTLP/HTTP."""
