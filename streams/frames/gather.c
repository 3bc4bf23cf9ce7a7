/* Takes messages out of a queue of librdkafka and copies them into columns.

   Built without Python's and librdkafka's headers: gather.py hands over the functions of the
   library that confluent-kafka carries. tests/test_gather.py holds the layout of a message, and
   of the structures shared with gather.py, against the real library. */

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define VERSION 1 /* gather.py refuses a build of another one */
#define CHUNK 256 /* messages taken before their bytes are counted */

typedef struct { /* rd_kafka_message_t */
    int err;
    void *topic;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
    int64_t offset;
    void *opaque;
} message;

typedef struct {
    ssize_t (*consume)(void *queue, int timeout_ms, message **into, size_t size);
    void (*destroy)(message *);
    int64_t (*timestamp)(const message *, int *kind);
    int (*headers)(const message *, void **headers);
    int (*header)(const void *headers, size_t at, const char **name, const void **value, size_t *size);
} library;

typedef struct {
    int64_t count, values, keys, headers, error;
} taken;

typedef struct { /* lengths are -1 for what is null */
    char *values, *keys, *headers;
    int64_t *offsets, *timestamps, *value_lengths, *key_lengths;
} columns;

int gather_version(void) { return VERSION; }

/* The headers of message `number`, each as number, length of name, length of value, name, value;
   their size in bytes. Nothing is written where `to` is null. */
static int64_t copy_headers(const library *rd, const message *m, int64_t number, char *to) {
    void *headers;
    const char *name;
    const void *value;
    size_t size;
    int64_t written = 0;
    if (rd->headers(m, &headers)) return 0;
    for (size_t at = 0; !rd->header(headers, at, &name, &value, &size); at++) {
        int64_t head[3] = {number, (int64_t)strlen(name), value ? (int64_t)size : -1};
        size = value ? size : 0;
        if (to) {
            memcpy(to + written, head, sizeof head);
            memcpy(to + written + sizeof head, name, head[1]);
            if (size) memcpy(to + written + sizeof head + head[1], value, size);
        }
        written += sizeof head + head[1] + size;
    }
    return written;
}

/* Take what is there, at most `most` messages; a chunk at a time until it is `bytes` large. */
void gather_take(const library *rd, void *queue, message **into, int64_t most, int64_t bytes,
                 taken *out) {
    memset(out, 0, sizeof *out);
    while (out->count < most && out->values + out->keys + out->headers < bytes) {
        ssize_t room = most - out->count < CHUNK ? most - out->count : CHUNK;
        message **next = into + out->count;
        ssize_t got = rd->consume(queue, 0, next, room);
        for (ssize_t i = 0; i < got; i++) {
            message *m = next[i];
            if (m->err) {
                out->error = m->err;
                rd->destroy(m);
                continue;
            }
            out->values += m->payload ? m->len : 0;
            out->keys += m->key ? m->key_len : 0;
            out->headers += copy_headers(rd, m, 0, NULL);
            into[out->count++] = m;
        }
        if (got < room) break;
    }
}

static int64_t copy(char *to, const void *from, size_t size) {
    if (!from) return -1;
    memcpy(to, from, size);
    return size;
}

/* Copy what was taken, with a line feed between values, and give the messages back. */
void gather_copy(const library *rd, message **from, int64_t count, const columns *to) {
    char *values = to->values, *keys = to->keys, *headers = to->headers;
    int kind;
    for (int64_t i = 0; i < count; i++) {
        message *m = from[i];
        if (i) *values++ = '\n';
        to->offsets[i] = m->offset;
        to->timestamps[i] = rd->timestamp(m, &kind);
        to->value_lengths[i] = copy(values, m->payload, m->len);
        to->key_lengths[i] = copy(keys, m->key, m->key_len);
        values += m->payload ? m->len : 0;
        keys += m->key ? m->key_len : 0;
        headers += copy_headers(rd, m, i, headers);
        rd->destroy(m);
    }
}
