from enum import Enum
from typing import Final


class Channel(Enum):
    """Where a customer reaches the business."""

    VOICE = "VOICE"
    CHAT = "CHAT"
    EMAIL = "EMAIL"
    SMS = "SMS"
    WHATSAPP = "WHATSAPP"
    FACEBOOK = "FACEBOOK"
    INSTAGRAM = "INSTAGRAM"
    X = "X"
    TELEGRAM = "TELEGRAM"
    WEB = "WEB"
    APP = "APP"
    ACCOUNT = "ACCOUNT"
    OTHER = "OTHER"


_PHONE: Final = frozenset({Channel.VOICE, Channel.SMS, Channel.WHATSAPP})


def identity_kind(channel: Channel) -> str:
    """What names a person on this channel: `phone`, `email`, or the channel's own handle.

    Channels of one kind share their identities: who called is recognised when they text.
    """
    if channel in _PHONE:
        return "phone"
    return channel.value.lower()
