#define _GNU_SOURCE
// What the libraries cost without us: a depth frame comes over TLS, an order goes out over TLS. No parsing,
// no book, no script, no limits, no journal.
//
//     Floor one|three HOST PORT CERTIFICATE SECRET KEY SYMBOL SECONDS
//
// `one` does everything on one thread. `three` has the threads of neap: streams, desk, REST.

#include <curl/curl.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char *const bases[] = {"SOL", "BTC", "ETH", "SUI", "JUP"};
static char stream[64];  // as it ends a frame
static const char *host, *certificate, *api_key, *symbol;
static int port, threads;
static unsigned char secret[crypto_sign_SECRETKEYBYTES];
static struct curl_slist *standing;  // headers that never change
static char url[256];

static int64_t microseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

// An order that is signed and ready to leave.
typedef struct {
    char body[512];
    char signature[160], stamp[64];
} order;

static void make_order(order *made) {
    static unsigned client;
    client += 1;
    snprintf(made->body, sizeof made->body,
        "{\"clientId\":%u,\"orderType\":\"Limit\",\"price\":\"100\",\"quantity\":\"0.01\","
        "\"selfTradePrevention\":\"RejectTaker\",\"side\":\"Bid\",\"symbol\":\"%s\",\"timeInForce\":\"IOC\"}",
        client, symbol);
    char text[512];
    long long now = microseconds(CLOCK_REALTIME) / 1000;
    int size = snprintf(text, sizeof text,
        "instruction=orderExecute&clientId=%u&orderType=Limit&price=100&quantity=0.01"
        "&selfTradePrevention=RejectTaker&side=Bid&symbol=%s&timeInForce=IOC&timestamp=%lld&window=5000",
        client, symbol, now);
    unsigned char raw[crypto_sign_BYTES];
    crypto_sign_detached(raw, NULL, (unsigned char *)text, (unsigned long long)size, secret);
    char base64[100];
    sodium_bin2base64(base64, sizeof base64, raw, sizeof raw, sodium_base64_VARIANT_ORIGINAL);
    snprintf(made->signature, sizeof made->signature, "X-Signature: %s", base64);
    snprintf(made->stamp, sizeof made->stamp, "X-Timestamp: %lld", now);
}

static size_t drop(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes, (void)context;
    return size * count;
}

static CURL *make_handle(void) {
    CURL *easy = curl_easy_init();
    if (!easy) fail("no libcurl");
    curl_easy_setopt(easy, CURLOPT_CAINFO, certificate);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 6000L);
    return easy;
}

static struct curl_slist *prepare(CURL *easy, const order *made) {
    struct curl_slist *headers = curl_slist_append(NULL, made->signature);
    headers = curl_slist_append(headers, made->stamp);
    for (struct curl_slist *line = standing; line; line = line->next)
        headers = curl_slist_append(headers, line->data);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, made->body);
    return headers;
}

// MARK: One thread

static CURL *only;

static void send_here(void) {
    order made;
    make_order(&made);
    struct curl_slist *headers = prepare(only, &made);
    if (curl_easy_perform(only)) fail("an order could not be sent");
    curl_slist_free_all(headers);
}

// MARK: Three threads

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static char *frame;  // one waits at most: frames come hundreds of milliseconds apart
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static order out;
static int out_waits;
static CURLM *multi;

static void *desk_thread(void *context) {
    (void)context;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!frame) pthread_cond_wait(&came, &lock);
        char *taken = frame;
        frame = NULL;
        pthread_mutex_unlock(&lock);
        order made;
        make_order(&made);
        free(taken);
        pthread_mutex_lock(&out_lock);
        out = made;
        out_waits = 1;
        pthread_mutex_unlock(&out_lock);
        curl_multi_wakeup(multi);
    }
    return NULL;
}

static void *rest_thread(void *context) {
    (void)context;
    CURL *easy = make_handle();
    struct curl_slist *headers = NULL;
    int running = 0, busy = 0;
    char time_url[256];
    snprintf(time_url, sizeof time_url, "https://%s:%d/api/v1/time", host, port);
    curl_easy_setopt(easy, CURLOPT_URL, time_url);
    curl_multi_add_handle(multi, easy);
    busy = 1;
    for (;;) {
        curl_multi_perform(multi, &running);
        int left;
        CURLMsg *message;
        while ((message = curl_multi_info_read(multi, &left))) {
            curl_multi_remove_handle(multi, easy);
            curl_slist_free_all(headers);
            headers = NULL;
            busy = 0;
        }
        pthread_mutex_lock(&out_lock);
        int go = out_waits && !busy;
        order made;
        if (go) {
            made = out;
            out_waits = 0;
        }
        pthread_mutex_unlock(&out_lock);
        if (go) {
            headers = prepare(easy, &made);
            curl_multi_add_handle(multi, easy);
            busy = 1;
            continue;
        }
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return NULL;
}

static void post_frame(const char *bytes, size_t size) {
    char *copy = malloc(size);
    if (!copy) fail("no memory");
    memcpy(copy, bytes, size);
    pthread_mutex_lock(&lock);
    free(frame);
    frame = copy;
    pthread_cond_signal(&came);
    pthread_mutex_unlock(&lock);
}

// MARK: The stream

static int on_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    (void)user;
    static int64_t last;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: fail(in ? in : "no stream");
    case LWS_CALLBACK_CLIENT_ESTABLISHED: lws_callback_on_writable(wsi); break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: {
        static unsigned char text[LWS_PRE + 1024];
        int count = snprintf((char *)text + LWS_PRE, 1024, "{\"method\":\"SUBSCRIBE\",\"params\":[");
        for (size_t base = 0; base < sizeof bases / sizeof bases[0]; base++)
            count += snprintf((char *)text + LWS_PRE + count, 1024 - (size_t)count,
                "%s\"depth.%s_USDC\",\"depth.%s_USDC_PERP\"", base ? "," : "", bases[base], bases[base]);
        count += snprintf((char *)text + LWS_PRE + count, 1024 - (size_t)count, "]}");
        lws_write(wsi, text + LWS_PRE, (size_t)count, LWS_WRITE_TEXT);
        break;
    }
    case LWS_CALLBACK_CLIENT_RECEIVE: {
        if (!memmem(in, size, stream, strlen(stream))) break;
        int64_t now = microseconds(CLOCK_MONOTONIC);
        if (now - last < 50000) break;  // further frames of the same change
        last = now;
        if (threads == 3) post_frame(in, size);
        else send_here();
        break;
    }
    case LWS_CALLBACK_CLIENT_CLOSED: exit(0);
    default: break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {{.name = "floor", .callback = on_event}, {0}};

static void connect_stream(void) {
    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.client_ssl_ca_filepath = certificate;
    lws_set_log_level(0, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (!context) fail("no libwebsockets");
    struct lws_client_connect_info wanted = {0};
    wanted.context = context;
    wanted.address = wanted.host = host;
    wanted.port = port;
    wanted.path = "/";
    wanted.ssl_connection = LCCSCF_USE_SSL;
    wanted.local_protocol_name = "floor";
    wanted.alpn = "http/1.1";
    if (!lws_client_connect_via_info(&wanted)) fail("no stream");
    while (lws_service(context, 0) >= 0) {}
}

int main(int count, char **words) {
    prctl(PR_SET_PDEATHSIG, 9);
    if (count != 9 || sodium_init() < 0) fail("one|three HOST PORT CERTIFICATE SECRET KEY SYMBOL SECONDS");
    threads = strcmp(words[1], "three") ? 1 : 3;
    host = words[2], port = atoi(words[3]), certificate = words[4];
    api_key = words[6], symbol = words[7];
    unsigned char seed[64], public_key[crypto_sign_PUBLICKEYBYTES];
    size_t seed_bytes;
    if (sodium_base642bin(seed, sizeof seed, words[5], strlen(words[5]), NULL, &seed_bytes, NULL,
            sodium_base64_VARIANT_ORIGINAL)) fail("the secret is not base64");
    crypto_sign_seed_keypair(public_key, secret, seed);
    char line[160];
    snprintf(line, sizeof line, "X-API-Key: %s", api_key);
    standing = curl_slist_append(NULL, line);
    standing = curl_slist_append(standing, "X-Window: 5000");
    standing = curl_slist_append(standing, "Content-Type: application/json; charset=utf-8");
    snprintf(stream, sizeof stream, "\"depth.%s\"", symbol);
    snprintf(url, sizeof url, "https://%s:%d/api/v1/order", host, port);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    alarm((unsigned)atoi(words[8]));
    if (threads == 3) {
        multi = curl_multi_init();
        pthread_t desk, rest;
        pthread_create(&rest, NULL, rest_thread, NULL);
        pthread_create(&desk, NULL, desk_thread, NULL);
    } else {
        only = make_handle();
        char time_url[256];
        snprintf(time_url, sizeof time_url, "https://%s:%d/api/v1/time", host, port);
        curl_easy_setopt(only, CURLOPT_URL, time_url);
        if (curl_easy_perform(only)) fail("the venue does not answer");
    }
    connect_stream();
    return 0;
}
