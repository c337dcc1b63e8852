#pragma once
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

// What Swift cannot do with libwebsockets itself: fill its structs, read its macros, keep its strings alive.

typedef int (*wire_callback)(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);

/// A string libwebsockets keeps a pointer to; freed with the host.
typedef struct wire_kept { struct wire_kept *next; char text[]; } wire_kept;

/// One context with everything it points to. Belongs to one service thread; only `wire_host_wake` may be
/// called from another.
typedef struct wire_host {
    struct lws_context *context;
    struct lws_protocols protocols[2];
    struct lws_extension extensions[2];
    lws_retry_bo_t never_ping;  // all zero: the library neither pings nor hangs up by itself
    wire_kept *kept;
} wire_host;

static inline const char *wire_keep(wire_host *host, const char *text) {
    if (!text) return NULL;
    size_t size = strlen(text) + 1;
    wire_kept *kept = (wire_kept *)malloc(sizeof(wire_kept) + size);
    if (!kept) abort();
    memcpy(kept->text, text, size);
    kept->next = host->kept;
    host->kept = kept;
    return kept->text;
}

static inline void wire_host_free(wire_host *host) {
    if (host->context) lws_context_destroy(host->context);
    while (host->kept) {
        wire_kept *next = host->kept->next;
        free(host->kept);
        host->kept = next;
    }
    free(host);
}

/// A context without a vhost. `receive_bytes` bounds one read and one write, `frame_bytes` one WebSocket
/// fragment as handed to the callback. NULL when the context cannot be made.
static inline wire_host *wire_host_create(
    wire_callback callback, void *user, unsigned receive_bytes, size_t frame_bytes, unsigned sockets) {
    wire_host *host = (wire_host *)calloc(1, sizeof(wire_host));
    if (!host) abort();
    lws_set_log_level(0, NULL);
    host->protocols[0].name = "wire";
    host->protocols[0].callback = callback;
    host->protocols[0].rx_buffer_size = frame_bytes;
    host->extensions[0].name = "permessage-deflate";
    host->extensions[0].callback = lws_extension_callback_pm_deflate;
    host->extensions[0].client_offer =
        "permessage-deflate; client_no_context_takeover; client_max_window_bits";
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.user = user;
    info.pt_serv_buf_size = receive_bytes;
    info.max_http_header_data = 8192;
    info.fd_limit_per_thread = sockets;
    info.timeout_secs = 10;
    info.retry_and_idle_policy = &host->never_ping;
    host->context = lws_create_context(&info);
    if (!host->context) {
        wire_host_free(host);
        return NULL;
    }
    return host;
}

/// Listens with the raw role: bytes in, bytes out, TLS underneath when `certificate` is given.
/// `interface` is an address, a socket path (`unix_socket`), or NULL for every address.
static inline struct lws_vhost *wire_host_listen(
    wire_host *host, const char *interface, int port, int unix_socket, int ipv6, const char *certificate,
    const char *key) {
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.vhost_name = "wire-server";
    info.iface = wire_keep(host, interface);
    info.port = port;
    info.protocols = host->protocols;
    info.listen_accept_role = "raw-skt";
    info.listen_accept_protocol = "wire";
    info.options = LWS_SERVER_OPTION_ONLY_RAW | LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG
        | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    if (unix_socket) info.options |= LWS_SERVER_OPTION_UNIX_SOCK;
    if (!ipv6) info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    if (certificate) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = certificate;
        info.ssl_private_key_filepath = key;
        info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
    }
    info.alpn = "http/1.1";  // otherwise h2 is negotiated and the raw role lost
    info.timeout_secs = 10;
    info.retry_and_idle_policy = &host->never_ping;
    return lws_create_vhost(host->context, &info);
}

/// A vhost for client connections that trust `authorities` (a PEM file) alone, or the system's when NULL.
static inline struct lws_vhost *wire_host_trust(wire_host *host, const char *name, const char *authorities) {
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.vhost_name = wire_keep(host, name);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = host->protocols;
    info.extensions = host->extensions;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (authorities) info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    // Without any file the library would also trust what lies in `../share` of the working directory.
    info.client_ssl_ca_filepath = wire_keep(host, authorities ? authorities : "/dev/null");
    info.ssl_client_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
    info.alpn = "http/1.1";
    info.timeout_secs = 10;
    info.connect_timeout_secs = 10;
    info.retry_and_idle_policy = &host->never_ping;
    return lws_create_vhost(host->context, &info);
}

/// Starts a WebSocket connection to the numeric `address`. `host_header` names the peer: SNI and the
/// certificate's name are checked against it without its port. NULL: it failed at once.
static inline struct lws *wire_connect(
    wire_host *host, struct lws_vhost *vhost, const char *address, int port, int tls, const char *target,
    const char *host_header, void *tag) {
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof(info));
    info.context = host->context;
    info.vhost = vhost;
    info.address = address;
    info.port = port;
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (tls ? LCCSCF_USE_SSL : 0);
    info.path = target;
    info.host = host_header;
    info.ietf_version_or_minus_one = -1;
    info.local_protocol_name = "wire";
    info.alpn = "http/1.1";
    info.opaque_user_data = tag;
    info.retry_and_idle_policy = &host->never_ping;
    return lws_client_connect_via_info(&info);
}

static inline void wire_host_wake(wire_host *host) { lws_cancel_service(host->context); }
static inline int wire_host_serve(wire_host *host) { return lws_service(host->context, 0); }
static inline void *wire_user(struct lws *wsi) { return lws_context_user(lws_get_context(wsi)); }
static inline uintptr_t wire_tag(struct lws *wsi) { return (uintptr_t)lws_get_opaque_user_data(wsi); }
static inline void wire_set_tag(struct lws *wsi, uintptr_t tag) {
    lws_set_opaque_user_data(wsi, (void *)tag);
}
static inline size_t wire_prefix_bytes(void) { return LWS_PRE; }

/// Closes the connection on the next turn of the service loop; 0 seconds in `wire_set_deadline` lifts it.
static inline void wire_kill(struct lws *wsi) {
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
}
static inline void wire_set_deadline(struct lws *wsi, int seconds) {
    lws_set_timeout(wsi, seconds ? PENDING_TIMEOUT_HTTP_CONTENT : NO_PENDING_TIMEOUT, seconds);
}

static inline void wire_set_no_delay(struct lws *wsi) {
    int on = 1;
    (void)setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/// One inflate and one deflate call a message: the library miscounts messages cut at its buffer's edge,
/// so the buffers are made larger than the largest message.
static inline void wire_widen_deflate(struct lws *wsi, const char *power_of_two) {
    (void)lws_set_extension_option(wsi, "permessage-deflate", "rx_buf_size", power_of_two);
    (void)lws_set_extension_option(wsi, "permessage-deflate", "tx_buf_size", power_of_two);
}

/// Writes bytes as they are (server side, raw role).
static inline int wire_write_raw(struct lws *wsi, unsigned char *bytes, size_t count) {
    return lws_write(wsi, bytes, count, LWS_WRITE_RAW);
}
/// Writes one whole text message; the bytes need `wire_prefix_bytes` of room before them and get masked.
static inline int wire_write_text(struct lws *wsi, unsigned char *bytes, size_t count) {
    return lws_write(wsi, bytes, count, LWS_WRITE_TEXT);
}
static inline int wire_write_ping(struct lws *wsi, unsigned char *bytes) {
    return lws_write(wsi, bytes, 0, LWS_WRITE_PING);
}

/// A timer of the service loop.
typedef struct wire_timer {
    lws_sorted_usec_list_t sul;
    void (*fire)(void *owner);
    void *owner;
} wire_timer;

static inline void wire_timer_fired(lws_sorted_usec_list_t *sul) {
    wire_timer *timer = lws_container_of(sul, wire_timer, sul);
    timer->fire(timer->owner);
}
static inline wire_timer *wire_timer_create(void (*fire)(void *owner), void *owner) {
    wire_timer *timer = (wire_timer *)calloc(1, sizeof(wire_timer));
    if (!timer) abort();
    timer->fire = fire;
    timer->owner = owner;
    return timer;
}
static inline void wire_timer_set(wire_host *host, wire_timer *timer, int64_t microseconds) {
    lws_sul_schedule(host->context, 0, &timer->sul, wire_timer_fired, microseconds);
}
static inline void wire_timer_free(wire_timer *timer) {
    lws_sul_cancel(&timer->sul);
    free(timer);
}

/// A timer that is a file of the service loop (`LWS_CALLBACK_RAW_RX_FILE` on the vhost's protocol); -1: none
/// could be made. The library's own timers wait in whole milliseconds and spin through the rest, which for a
/// timer that is due every millisecond is a whole processor.
static inline int wire_alarm_create(struct lws_vhost *vhost) {
    lws_sock_file_fd_type file;
    file.filefd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (file.filefd < 0) return -1;
    if (!lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, file, "wire", NULL)) return -1;
    return file.filefd;
}
static inline void wire_alarm_set(int alarm, int64_t microseconds) {
    struct itimerspec due;
    memset(&due, 0, sizeof(due));
    due.it_value.tv_sec = microseconds / 1000000;
    due.it_value.tv_nsec = (microseconds % 1000000) * 1000;
    (void)timerfd_settime(alarm, 0, &due, NULL);
}
/// Takes the note that the alarm rang.
static inline void wire_alarm_heard(int alarm) {
    uint64_t times;
    ssize_t count = read(alarm, &times, sizeof(times));
    (void)count;
}
