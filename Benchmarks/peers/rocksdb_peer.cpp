// RocksDB, as its guide advises for such a log: one column family for the events, one a secondary index, a WriteBatch
// a commit, the write-ahead log synced. Reads binary rows (RowWriter in Sources/tally-bench/RowFile.swift) and writes a
// result with the members of PeerResult.
//
//   rocksdb_peer PREPARED WORK RESULT QUESTIONS [SECONDS]
//
// QUESTIONS is a file of tab-separated lines, made from the manifest by tools/bench: name, kind, then fields.
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace files = std::filesystem;
using std::string;
using std::string_view;

constexpr int64_t modulus = 1000003;
constexpr int64_t stride = 1000;
constexpr uint32_t none = UINT32_MAX;

static void check(const rocksdb::Status &status) {
    if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](timeval value) { return value.tv_sec + value.tv_usec / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double percentile(double part, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    double place = part * (values.size() - 1);
    size_t below = size_t(place), above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - below);
}

// Columns of a row, in the order of RowWriter.texts.
enum Text { id, type, severity, user, action, resourceType, resourceID, error, component, message, ip, agent,
            request, session, correlation, details, extra, texts };

struct Row {
    int64_t sequence, time;
    uint8_t result;
    string_view text[texts];
    bool has[texts];

    explicit Row(string_view bytes) {
        const char *place = bytes.data() + 4;
        memcpy(&sequence, place, 8);
        memcpy(&time, place + 8, 8);
        result = uint8_t(place[24]);
        place += 25;
        for (int index = 0; index < texts; index++) {
            uint32_t length;
            memcpy(&length, place, 4);
            place += 4;
            has[index] = length != none;
            if (!has[index]) continue;
            text[index] = string_view(place, length);
            place += length;
        }
    }
};

struct Prepared {
    string directory;
    std::vector<uint64_t> offsets;
    int64_t events;

    Prepared(const string &path, int64_t count) : directory(path), events(count) {
        std::ifstream file(path + "/events.rows.offsets", std::ios::binary);
        uint64_t value;
        while (file.read(reinterpret_cast<char *>(&value), 8)) offsets.push_back(value);
    }

    string read(int64_t start, int64_t end) const {
        uint64_t from = offsets[start / stride], to = offsets[(end + stride - 1) / stride];
        string bytes(to - from, 0);
        std::ifstream file(directory + "/events.rows", std::ios::binary);
        file.seekg(int64_t(from));
        if (!file.read(bytes.data(), int64_t(bytes.size()))) throw std::runtime_error("cannot read the rows");
        return bytes;
    }
};

static string big(uint64_t value) {
    string bytes(8, 0);
    for (int index = 0; index < 8; index++) bytes[index] = char(value >> (56 - 8 * index));
    return bytes;
}

// Latest first: times are kept as their distance from the greatest.
static string key(string_view term, int64_t time, int64_t sequence) {
    string bytes(term);
    bytes.push_back(0);
    return bytes + big(UINT64_MAX - uint64_t(time)) + big(UINT64_MAX - uint64_t(sequence));
}

static uint64_t number(const char *bytes) {
    uint64_t value = 0;
    for (int index = 0; index < 8; index++) value = value << 8 | uint8_t(bytes[index]);
    return value;
}

struct Store {
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle *> families;
    enum Family { events, byUser, byType, byResource, byID, bySession };

    explicit Store(const string &path) {
        rocksdb::DBOptions options;
        options.create_if_missing = true;
        options.create_missing_column_families = true;
        options.IncreaseParallelism(2);
        options.bytes_per_sync = 1 << 20;
        options.max_background_jobs = 4;
        options.recycle_log_file_num = 4;
        auto cache = rocksdb::NewLRUCache(256 << 20);
        rocksdb::ColumnFamilyOptions family;
        family.OptimizeLevelStyleCompaction(256 << 20);
        family.compression = rocksdb::kLZ4Compression;
        family.compression_per_level.clear();
        family.bottommost_compression = rocksdb::kZSTD;
        family.level_compaction_dynamic_level_bytes = true;
        rocksdb::BlockBasedTableOptions table;
        table.block_cache = cache;
        table.block_size = 16 << 10;
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        table.cache_index_and_filter_blocks = true;
        table.pin_l0_filter_and_index_blocks_in_cache = true;
        table.format_version = 5;
        family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
        for (const char *name : {"default", "user", "type", "resource", "id", "session"})
            descriptors.emplace_back(name, family);
        rocksdb::DB *opened = nullptr;
        check(rocksdb::DB::Open(options, path, descriptors, &families, &opened));
        db.reset(opened);
    }

    ~Store() {
        for (auto *family : families) db->DestroyColumnFamilyHandle(family);
        db->Close();
    }

    // Adds a row to a batch. The entry by type holds the user and the result, the one by user the type and the result:
    // questions that need no more are answered from the index.
    void add(rocksdb::WriteBatch &batch, string_view bytes) {
        Row row(bytes);
        string place = big(uint64_t(row.sequence));
        batch.Put(families[events], place, rocksdb::Slice(bytes.data(), bytes.size()));
        string result(1, char(row.result));
        string_view who = row.has[user] ? row.text[user] : string_view();
        if (row.has[user])
            batch.Put(families[byUser], key(row.text[user], row.time, row.sequence), result + string(row.text[type]));
        batch.Put(families[byType], key(row.text[type], row.time, row.sequence), result + string(who));
        if (row.has[resourceType] && row.has[resourceID]) {
            string name = string(row.text[resourceType]) + "/" + string(row.text[resourceID]);
            batch.Put(families[byResource], key(name, row.time, row.sequence), "");
        }
        if (row.has[session]) batch.Put(families[bySession], key(row.text[session], row.time, row.sequence), "");
        if (row.has[id])
            batch.Put(families[byID], rocksdb::Slice(row.text[id].data(), row.text[id].size()), place);
    }

    // Walks the entries of a term from the latest time before `to` back to `from`, while `body` says so.
    void walk(Family family, const string &term, int64_t from, int64_t to,
              const std::function<bool(int64_t time, uint64_t sequence, rocksdb::Slice)> &body) {
        rocksdb::ReadOptions options;
        options.auto_prefix_mode = true;
        string end = key(term, from - 1, INT64_MAX);
        rocksdb::Slice bound(end);
        options.iterate_upper_bound = &bound;
        std::unique_ptr<rocksdb::Iterator> all(db->NewIterator(options, families[family]));
        for (all->Seek(key(term, to - 1, INT64_MAX)); all->Valid(); all->Next()) {
            const char *tail = all->key().data() + all->key().size() - 16;
            if (!body(int64_t(UINT64_MAX - number(tail)), UINT64_MAX - number(tail + 8), all->value())) break;
        }
        check(all->status());
    }

    void scan(Family family, const std::function<void(rocksdb::Slice, rocksdb::Slice)> &body) {
        rocksdb::ReadOptions options;
        options.readahead_size = 4 << 20;
        options.fill_cache = false;
        std::unique_ptr<rocksdb::Iterator> all(db->NewIterator(options, families[family]));
        for (all->SeekToFirst(); all->Valid(); all->Next()) body(all->key(), all->value());
        check(all->status());
    }

    void settle() {
        for (auto *family : families) {
            check(db->Flush(rocksdb::FlushOptions(), family));
            rocksdb::CompactRangeOptions options;
            options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
            check(db->CompactRange(options, family, nullptr, nullptr));
        }
    }
};

using Fields = std::map<string, string>;
struct Answer { int64_t rows = 0, check = 0; };

static string_view slice(const rocksdb::Slice &value) { return {value.data(), value.size()}; }

// Reads the events at sequences in one go, every column of each.
static void readRows(Store &store, const std::vector<string> &places, const std::function<void(const Row &)> &body) {
    std::vector<rocksdb::Slice> keys(places.begin(), places.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    store.db->MultiGet(rocksdb::ReadOptions(), store.families[Store::events], keys.size(), keys.data(), values.data(),
                       statuses.data());
    for (size_t index = 0; index < keys.size(); index++) {
        check(statuses[index]);
        body(Row(slice(values[index])));
    }
}

static Answer rows(Store &store, const std::vector<string> &places) {
    Answer answer;
    readRows(store, places, [&](const Row &row) {
        answer.rows++;
        answer.check += row.time % modulus;
    });
    return answer;
}

static Answer groups(const std::unordered_map<string, int64_t> &counts) {
    Answer answer;
    for (auto &[name, count] : counts) {
        answer.rows++;
        answer.check += count * count;
    }
    return answer;
}

static Answer ask(Store &store, Fields &question, const std::vector<string> &ids, size_t turn) {
    const string &kind = question["kind"];
    auto integer = [&](const char *name, int64_t other) {
        return question[name].empty() ? other : std::stoll(question[name]);
    };
    int64_t from = integer("from", 1), to = integer("to", INT64_MAX), limit = integer("limit", INT64_MAX);
    std::vector<string> places;
    if (kind == "latest" || kind == "resource" || kind == "session" || kind == "rare" || kind == "failures") {
        auto family = kind == "resource" ? Store::byResource
                      : kind == "session" ? Store::bySession
                      : kind == "failures" ? Store::byType : Store::byUser;
        string term = kind == "resource" ? question["resourceType"] + "/" + question["resourceID"]
                      : kind == "session" ? question["session"]
                      : kind == "failures" ? question["type"] : question["user"];
        store.walk(family, term, from, to, [&](int64_t, uint64_t sequence, rocksdb::Slice value) {
            bool fits = kind == "latest" || kind == "resource" || kind == "session" ||
                        (value[0] == 2 && (kind == "failures" || slice(value).substr(1) == question["type"]));
            if (fits) places.push_back(big(sequence));
            return int64_t(places.size()) < limit;
        });
        return rows(store, places);
    }
    if (kind == "id") {
        string place;
        auto status = store.db->Get(rocksdb::ReadOptions(), store.families[Store::byID], ids[turn % ids.size()], &place);
        if (status.IsNotFound()) return Answer();
        check(status);
        return rows(store, {place});
    }
    std::unordered_map<string, int64_t> counts;
    if (kind == "userTypes") {
        store.walk(Store::byUser, question["user"], from, to, [&](int64_t, uint64_t, rocksdb::Slice value) {
            counts[string(slice(value).substr(1))]++;
            return true;
        });
        return groups(counts);
    }
    if (kind == "types" || kind == "minutes" || kind == "top") {
        // The entries by type hold time, type and user: the smallest thing to scan.
        store.scan(Store::byType, [&](rocksdb::Slice entry, rocksdb::Slice value) {
            string_view whole = slice(entry);
            int64_t time = int64_t(UINT64_MAX - number(whole.data() + whole.size() - 16));
            if (kind == "types") counts[string(whole.substr(0, whole.size() - 17))]++;
            if (kind == "minutes") counts[std::to_string(time / 60000000000)]++;
            if (kind == "top" && time >= from && time < to && value.size() > 1)
                counts[string(slice(value).substr(1))]++;
        });
        if (kind != "top") return groups(counts);
        std::vector<int64_t> best;
        for (auto &[name, count] : counts) best.push_back(count);
        std::sort(best.rbegin(), best.rend());
        best.resize(std::min<size_t>(best.size(), size_t(limit)));
        Answer answer;
        for (int64_t count : best) answer.rows++, answer.check += count * count;
        return answer;
    }
    // The rest has no index: every event is looked at.
    Answer answer;
    string member = "\"" + question["key"] + "\":\"" + question["value"] + "\"";
    auto holds = [](string_view text, const string &wanted) {
        return memmem(text.data(), text.size(), wanted.data(), wanted.size()) != nullptr;
    };
    store.scan(Store::events, [&](rocksdb::Slice, rocksdb::Slice value) {
        Row row(slice(value));
        if (kind == "text" && (holds(row.text[message], question["text"]) || holds(row.text[error], question["text"]) ||
                               holds(row.text[details], question["text"])))
            answer.rows++;
        if (kind == "path" && row.has[details] && holds(row.text[details], member)) answer.rows++;
    });
    return answer;
}

static void load(Store &store, const Prepared &prepared, int64_t commit, double most, int64_t &events, double &seconds,
                 double &used) {
    rocksdb::WriteOptions write;
    write.sync = true;
    events = 0, seconds = 0, used = 0;
    for (int64_t start = 0; start < prepared.events; start += 100000) {
        int64_t end = std::min(start + 100000, prepared.events);
        string bytes = prepared.read(start, end);
        double began = now(), before = cpu();
        const char *place = bytes.data(), *last = place + bytes.size();
        while (place < last) {
            rocksdb::WriteBatch batch;
            for (int64_t index = 0; index < commit && place < last; index++) {
                uint32_t length;
                memcpy(&length, place, 4);
                store.add(batch, string_view(place, length + 4));
                place += length + 4;
            }
            check(store.db->Write(write, &batch));
        }
        seconds += now() - began;
        used += cpu() - before;
        events += end - start;
        if (most > 0 && seconds >= most) break;
    }
}

static uint64_t bytesBelow(const string &path) {
    uint64_t total = 0;
    for (auto &entry : files::recursive_directory_iterator(path))
        if (entry.is_regular_file()) total += entry.file_size();
    return total;
}

static void evict(const string &path) {
    for (auto &entry : files::recursive_directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        int descriptor = open(entry.path().c_str(), O_RDONLY);
        fdatasync(descriptor);
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        close(descriptor);
    }
}

// Reads files, so that the system's cache holds them: questions are asked warm.
static void warm(const string &path) {
    std::vector<char> buffer(1 << 20);
    for (auto &entry : files::recursive_directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        int descriptor = open(entry.path().c_str(), O_RDONLY);
        while (read(descriptor, buffer.data(), buffer.size()) > 0) {}
        close(descriptor);
    }
}

static long peakBytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

static string fresh(const string &path) {
    files::remove_all(path);
    files::create_directories(path);
    return path;
}

int main(int count, char **values) try {
    if (count < 5) throw std::runtime_error("usage: rocksdb_peer PREPARED WORK RESULT QUESTIONS [SECONDS]");
    string work = string(values[2]) + "/rocksdb";
    double most = count > 5 ? std::stod(values[5]) : 0;
    // Each line: name, then pairs of field and value, tab-separated. The first line names workload and events, a line
    // that begins with "ids" the ids to look up.
    std::vector<std::pair<string, Fields>> questions;
    std::vector<string> ids;
    string workload, line;
    int64_t events = 0;
    std::ifstream list(values[4]);
    while (std::getline(list, line)) {
        std::istringstream parts(line);
        string name, field, value;
        std::getline(parts, name, '\t');
        if (name == "ids") {
            while (std::getline(parts, value, '\t')) ids.push_back(value);
            continue;
        }
        Fields fields;
        while (std::getline(parts, field, '\t') && std::getline(parts, value, '\t')) fields[field] = value;
        if (name == "workload") {
            workload = fields["name"];
            events = std::stoll(fields["events"]);
        } else {
            questions.emplace_back(name, fields);
        }
    }
    Prepared prepared(values[1], events);
    std::ostringstream out;
    out.precision(9);
    out << "{\"peer\":\"RocksDB\",\"version\":\"" << ROCKSDB_MAJOR << "." << ROCKSDB_MINOR << "." << ROCKSDB_PATCH
        << "\",\"policy\":\"a WriteBatch a commit; column families for events, (user, time), (type, time), "
           "(resource, time), (session, time) and id; 256 MiB memtables and cache, LZ4 with ZSTD at the bottom, bloom filters; "
           "compacted before the questions\",\"durability\":\"sync=true: write-ahead log synced (fdatasync) at each "
           "commit\",\"workload\":\"" << workload << "\",\"events\":" << events << ",\"notes\":[]";

    std::vector<double> singles;
    {
        Store store(fresh(work));
        rocksdb::WriteOptions write;
        write.sync = true;
        string bytes = prepared.read(0, std::min<int64_t>(3000, events));
        for (const char *place = bytes.data(); place < bytes.data() + bytes.size();) {
            uint32_t length;
            memcpy(&length, place, 4);
            double start = now();
            rocksdb::WriteBatch batch;
            store.add(batch, string_view(place, length + 4));
            check(store.db->Write(write, &batch));
            singles.push_back(now() - start);
            place += length + 4;
        }
    }
    out << ",\"single\":{\"p50Milliseconds\":" << percentile(0.5, singles) * 1e3
        << ",\"p99Milliseconds\":" << percentile(0.99, singles) * 1e3 << "},\"ingest\":[";
    for (int64_t commit : {int64_t(1000), int64_t(100000)}) {
        Store store(fresh(work));
        int64_t loaded;
        double seconds, used;
        load(store, prepared, commit, commit == 1000 ? most : 0, loaded, seconds, used);
        out << (commit == 1000 ? "" : ",") << "{\"commit\":" << commit << ",\"producers\":1,\"events\":" << loaded
            << ",\"seconds\":" << seconds << ",\"cpuSeconds\":" << used << "}";
        if (commit != 1000) store.settle();
    }
    out << "],\"memoryBytes\":" << peakBytes();
    evict(work);
    double start = now();
    Store store(work);
    if (!questions.empty()) ask(store, questions[0].second, ids, 0);
    double opened = (now() - start) * 1e3;
    warm(work);
    out << ",\"openMilliseconds\":" << opened << ",\"bytes\":" << bytesBelow(work)
        << ",\"questions\":{";
    bool first = true;
    for (auto &[name, question] : questions) {
        Answer answer = ask(store, question, ids, 0);
        std::vector<double> times;
        double before = cpu(), sum = 0;
        while (times.size() < 5 || (times.size() < 500 && sum < 1)) {
            double begin = now();
            ask(store, question, ids, times.size());
            times.push_back(now() - begin);
            sum += times.back();
        }
        out << (first ? "" : ",") << "\"" << name << "\":{\"rows\":" << answer.rows << ",\"check\":" << answer.check
            << ",\"p50Milliseconds\":" << percentile(0.5, times) * 1e3 << ",\"p99Milliseconds\":"
            << percentile(0.99, times) * 1e3 << ",\"cpuMilliseconds\":" << (cpu() - before) / times.size() * 1e3
            << ",\"askings\":" << times.size() << "}";
        first = false;
    }
    out << "}}\n";
    std::ofstream(values[3]) << out.str();
    return 0;
} catch (const std::exception &problem) {
    std::cerr << "error: " << problem.what() << "\n";
    return 1;
}
