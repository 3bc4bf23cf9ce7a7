import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: SERVERS CLOSES HITS PARTITIONS memory|rocksdb|cache|exactly-once. */
public final class KafkaStreamsJob {
    private static final String BENCHMARK = "S0";
    private static final int LENGTH = 10;
    private static final String STORE = "states";
    private static final JsonFactory JSON = new JsonFactory();

    /** A close in units of 1e-6. */
    record Close(String watchlist, String symbol, String period, long price) {}

    /** Two numbers: a benchmark's last two closes, or an asset's last close and its streak. */
    record State(long first, long second) {
        static final State NOTHING = new State(0, 0);

        static Serde<State> serde() {
            return Serdes.serdeFrom(
                (topic, state) -> state == null ? null : ByteBuffer.allocate(16)
                    .putLong(state.first).putLong(state.second).array(),
                (topic, bytes) -> {
                    if (bytes == null) {
                        return null;
                    }
                    ByteBuffer buffer = ByteBuffer.wrap(bytes);
                    return new State(buffer.getLong(), buffer.getLong());
                });
        }
    }

    /** Streaks of ten. */
    static final class Streaks implements Processor<String, Close, String, String> {
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, State> states;

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            states = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, Close> record) {
            Close close = record.value();
            State base = state(close.watchlist, BENCHMARK);
            if (close.symbol.equals(BENCHMARK)) {
                put(close, new State(base.second, close.price));
                return;
            }
            State before = state(close.watchlist, close.symbol);
            int sign = Long.compare(
                Math.multiplyExact(close.price, base.first),
                Math.multiplyExact(base.second, before.first));
            long streak = before.second * sign > 0 ? before.second + sign : sign;
            put(close, new State(close.price, streak));
            if (Math.abs(streak) == LENGTH) {
                context.forward(record.withValue(hit(close, streak)));
            }
        }

        private State state(String watchlist, String symbol) {
            State found = states.get(watchlist + "/" + symbol);
            return found == null ? State.NOTHING : found;
        }

        private void put(Close close, State state) {
            states.put(close.watchlist + "/" + close.symbol, state);
        }
    }

    private static String hit(Close close, long streak) {
        return "{\"watchlist\":\"" + close.watchlist + "\",\"symbol\":\"" + close.symbol
            + "\",\"period\":\"" + close.period + "\",\"direction\":\""
            + (streak > 0 ? "outperforming" : "underperforming") + "\"}";
    }

    private static Close parse(String topic, byte[] value) {
        String watchlist = "";
        String symbol = "";
        String period = "";
        long price = 0;
        try (JsonParser parser = JSON.createParser(value)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "watchlist" -> watchlist = parser.getText();
                    case "symbol" -> symbol = parser.getText();
                    case "period" -> period = parser.getText();
                    case "close" -> price = Math.round(parser.getDoubleValue() * 1e6);
                    default -> parser.skipChildren();
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return new Close(watchlist, symbol, period, price);
    }

    private static StoreBuilder<KeyValueStore<String, State>> store(String variant) {
        boolean inMemory = variant.equals("memory");
        KeyValueBytesStoreSupplier supplier =
            inMemory ? Stores.inMemoryKeyValueStore(STORE) : Stores.persistentKeyValueStore(STORE);
        var builder = Stores.keyValueStoreBuilder(supplier, Serdes.String(), State.serde());
        if (inMemory) {
            return builder.withLoggingDisabled();
        }
        return variant.equals("rocksdb") ? builder : builder.withCachingEnabled();
    }

    private static Properties settings(String servers, String group, String variant) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, "state");
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        settings.put(StreamsConfig.consumerPrefix("max.poll.records"), 10_000);
        settings.put(StreamsConfig.consumerPrefix("max.partition.fetch.bytes"), 4 * 1024 * 1024);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG,
            Runtime.getRuntime().availableProcessors());
        boolean caches = variant.equals("cache") || variant.equals("exactly-once");
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, caches ? 64L << 20 : 0L);
        if (variant.equals("exactly-once")) {
            settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        }
        return settings;
    }

    public static void main(String[] arguments) {
        String variant = arguments[4];
        Topology topology = new Topology();
        topology.addSource("closes", Serdes.String().deserializer(), KafkaStreamsJob::parse,
            arguments[1]);
        topology.addProcessor("streaks", Streaks::new, "closes");
        topology.addStateStore(store(variant), "streaks");
        topology.addSink("hits", arguments[2], Serdes.String().serializer(),
            Serdes.String().serializer(), "streaks");
        KafkaStreams streams =
            new KafkaStreams(topology, settings(arguments[0], arguments[2], variant));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
