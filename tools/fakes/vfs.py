"""`vfs` for the host: what is mounted is kept, and nothing uses it."""

mounted = {}


def mount(fs, at, readonly=False):
    fs.mount(readonly, False)
    mounted[at] = fs


def umount(at):
    mounted.pop(at).umount()
