"""An application in a pod: it evaluates a flag by OpenFeature's flagd provider, from a mounted file, and prints each change."""

import sys
import time

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType


def main(file: str, flag: str) -> None:
    """Ask many times a second, for ever; each line is the time and the variant."""
    api.set_provider(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=file))
    client, last = api.get_client(), ""
    while True:
        found = client.get_boolean_details(flag, False)
        if found.variant and found.variant != last:
            last = found.variant
            print(f"{time.time():.3f} {last} {found.value}", flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
