"""What a shell offers at Tab: fields, boards, ports and whatever else is known without asking a board."""


def fields(_ctx, _param, begun: str) -> list[str]:
    """Names of settings. Without `=` where one is set: shells put a blank behind what they complete."""
    from bms.fields import FIELDS

    return [row[0] for row in FIELDS if row[0].startswith(begun)]


def boards(_ctx, _param, begun: str) -> list[str]:
    """Folders of boards/."""
    from deploy.files import boards as known

    return [name for name in known() if name.startswith(begun)]


def ports(_ctx, _param, begun: str) -> list[str]:
    """Serial ports that are there."""
    from cellwarden import transport

    return [about["port"] for about in transport.ports() if about["port"].startswith(begun)]


def makers(_ctx, _param, begun: str) -> list[str]:
    """Whose lists of settings are understood."""
    from settings_import.tables import KINDS

    return [name for name in (*KINDS, "auto") if name.startswith(begun)]


def readings(_ctx, _param, begun: str) -> list[str]:
    """What can be calibrated."""
    cells = [f"cell{i}" for i in range(1, 17)]
    sensors = [f"ntc{i}" for i in range(1, 9)]
    return [name for name in (*cells, *sensors, "current") if name.startswith(begun)]
