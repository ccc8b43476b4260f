"""Settings of WebSocket connections."""

from pydantic import Field

from app.setting_types import Section


class SocketSettings(Section):
    """How long, how many and how much."""

    init_timeout_s: float = Field(
        5.0, gt=0, le=60, description="Longest wait for `connection_init`, seconds."
    )
    max_message_bytes: int = Field(
        65_536, ge=1024, le=16_777_216, description="Largest message of a client, bytes."
    )
    max_connections: int = Field(1_000, ge=1, description="Most connections of one process.")
    max_connections_each: int = Field(
        20, ge=1, description="Most connections of one subject of a tenant, in one process."
    )
    max_operations: int = Field(
        20, ge=1, le=1_000, description="Most operations at once on one connection."
    )
    messages_per_s: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Messages a second that one connection may send for long; twice as many at"
        " once.",
    )
    ping_s: float = Field(
        20.0,
        gt=0,
        le=3600,
        description="So often each connection is asked for a sign of life, and so long it may take"
        " to give one, seconds.",
    )
    send_timeout_s: float = Field(
        10.0,
        gt=0,
        le=600,
        description="Longest wait for a client to take what it is sent, seconds.",
    )
