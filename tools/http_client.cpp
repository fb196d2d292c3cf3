#include "tools/http_client.hpp"

#include <curl/curl.h>
#include <memory>

namespace tranche {
namespace {

std::size_t collect(char* data, std::size_t size, std::size_t count, void* into) {
    static_cast<std::string*>(into)->append(data, size * count);
    return size * count;
}

struct EndEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct EndList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

Result<HttpAnswer> ask(const HttpCall& call) {
    const std::unique_ptr<CURL, EndEasy> curl{curl_easy_init()};
    if (!curl) return Error{ErrorKind::io, "libcurl cannot be initialised"};
    HttpAnswer answer;
    std::unique_ptr<curl_slist, EndList> headers;
    const auto add = [&](const std::string& line) {
        headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    add("X-Tranche: 1");
    if (!call.token.empty()) add("Authorization: Bearer " + call.token);
    if (call.method == "POST") {
        add("Content-Type: application/json");
        curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, call.body.c_str());
    }
    curl_easy_setopt(curl.get(), CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, call.timeout_ms);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    if (!call.ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, call.ca_file.c_str());
    const CURLcode failed = curl_easy_perform(curl.get());
    if (failed != CURLE_OK)
        return Error{ErrorKind::unavailable,
                     call.url + ": " + curl_easy_strerror(failed) + ". Is it running there?"};
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

}  // namespace tranche
