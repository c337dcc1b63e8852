#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdint.h>

// Typed doors to libcurl's variadic functions. Each returns libcurl's code.

typedef size_t (*wire_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*wire_before_request_callback)(
    void *context, char *remote, char *local, int remote_port, int local_port);

static inline CURLcode wire_set_number(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode wire_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode wire_set_headers(CURL *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}
/// libcurl copies the body.
static inline CURLcode wire_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}
static inline CURLcode wire_set_callbacks(
    CURL *easy, void *context, wire_data_callback body, wire_data_callback header,
    wire_before_request_callback before_request) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
    return code;
}
static inline CURLcode wire_response_code(CURL *easy, long *value) {
    return curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, value);
}
static inline CURLMcode wire_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
/// The next finished transfer, or NULL.
static inline CURL *wire_next_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}
