"""`asyncio` for the size rig: every task runs to its first wait and stays there, whole."""

kept = []
apps = []


class ThreadSafeFlag:
    def set(self):
        pass

    def wait(self):
        yield


def sleep_ms(ms):
    yield


def create_task(coroutine):
    coroutine.send(None)
    kept.append(coroutine)
    return coroutine


def run(coroutine):
    """The app itself: to its first wait."""
    coroutine.send(None)
    apps.append(coroutine)


async def unsupervised(app, reporter):
    """Instead of `App._supervise`: a reporter that died would be weighed as if it ran."""
    await reporter.run()
