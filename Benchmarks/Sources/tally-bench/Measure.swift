import Foundation

/// Clocks and counters of this process.
enum Measure {
    /// Nanoseconds of a clock that only goes forward.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// CPU time that all threads of this process have used, in seconds.
    static func cpuSeconds() -> Double {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #endif
        func seconds(_ value: timeval) -> Double { Double(value.tv_sec) + Double(value.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Seconds that `body` takes.
    static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = now()
        try body()
        return Double(now() - start) / 1e9
    }

    /// Seconds that `body` takes.
    static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = now()
        try await body()
        return Double(now() - start) / 1e9
    }

    /// Waits until no thread of this process works any more, and gives the seconds that took, without those that it
    /// takes to be sure.
    static func secondsToRest() -> Double {
        let start = now()
        var calm = 0
        let look = 5_000_000 as UInt64
        while calm < 3 {
            let before = cpuSeconds()
            usleep(UInt32(look / 1000))
            calm = cpuSeconds() - before < 0.0003 ? calm + 1 : 0
        }
        let waited = now() - start
        return Double(waited - min(waited, 3 * look)) / 1e9
    }

    /// Gives free heap memory back to the system, so that memory in use is what is really used.
    static func releaseFreeMemory() {
        #if canImport(Glibc)
            // Glibc's module does not show `malloc_trim`.
            typealias Trim = @convention(c) (Int) -> Int32
            guard let symbol = dlsym(nil, "malloc_trim") else { return }
            _ = unsafeBitCast(symbol, to: Trim.self)(0)
        #endif
    }

    /// Bytes of the heap that are allocated and not freed; nil where the system does not say. Memory in use may be less,
    /// where pages were never touched, and more, where freed memory lies between pieces that are still allocated: values
    /// that were there for a while leave it so.
    static func allocatedBytes() -> Int? {
        #if canImport(Glibc)
            // Glibc's module does not show `malloc_info`, which describes the heap as XML.
            typealias Describe = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
            guard let symbol = dlsym(nil, "malloc_info") else { return nil }
            var text: UnsafeMutablePointer<CChar>?
            var length = 0
            guard let stream = open_memstream(&text, &length) else { return nil }
            _ = unsafeBitCast(symbol, to: Describe.self)(0, stream)
            fclose(stream)
            defer { free(text) }
            guard let text else { return nil }
            // What stands behind the last heap is about all of them.
            let lines = String(cString: text).split(separator: "\n")
            guard let end = lines.lastIndex(where: { $0.hasPrefix("</heap>") }) else { return nil }
            func size(_ start: String) -> Int {
                let line = lines[end...].first { $0.hasPrefix(start) } ?? ""
                return line.split(separator: "\"").last(where: { Int($0) != nil }).flatMap { Int($0) } ?? 0
            }
            return size("<system type=\"current\"") + size("<total type=\"mmap\"")
                - size("<total type=\"fast\"") - size("<total type=\"rest\"")
        #else
            return nil
        #endif
    }

    /// Memory in use now, in bytes; nil where the system does not say.
    static func residentBytes() -> Int? { status("VmRSS:") }

    /// The most memory in use since `resetPeak`, in bytes; nil where the system does not say.
    static func peakBytes() -> Int? { status("VmHWM:") }

    /// Makes the peak the memory in use now.
    static func resetPeak() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }

    private static func status(_ key: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            return number.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }
}

/// Values of one figure, one a run.
struct Samples: Sendable {
    private(set) var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var median: Double { Samples.percentile(0.5, values) }
    var least: Double { values.min() ?? .nan }
    var most: Double { values.max() ?? .nan }

    /// The value below which a part of the values lies.
    static func percentile(_ part: Double, _ values: [Double]) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let place = part * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

/// The machine that figures are from.
struct Machine: Codable, Sendable {
    var cores = ProcessInfo.processInfo.activeProcessorCount
    var memoryBytes = ProcessInfo.processInfo.physicalMemory
    var processor = "unknown processor"
    var system = ""
    /// Load average over one minute when the run began: figures of a busy machine are not worth publishing.
    var load = 0.0

    init() {
        var name = utsname()
        if uname(&name) == 0 {
            func text<T>(_ field: T) -> String {
                withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            }
            system = "\(text(name.sysname)) \(text(name.release)) \(text(name.machine))"
        }
        if let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
            let value = line.split(separator: ":").last
        {
            processor = value.trimmingCharacters(in: .whitespaces)
        }
        var loads = [0.0, 0.0, 0.0]
        if getloadavg(&loads, 3) > 0 { load = loads[0] }
    }

    var line: String {
        "\(cores) cores of \(processor), \(memoryBytes >> 30) GiB, \(system), load \(load.text(digits: 1)) at the start"
    }
}

extension Double {
    /// With so many digits after the point.
    func text(digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// With about three significant digits and separators between thousands.
    var compact: String {
        if !isFinite { return "–" }
        if self == 0 { return "0" }
        let size = Int(log10(abs(self)).rounded(.down))
        if size >= 3 {
            var digits = Array(String(Int(self.rounded())))
            var place = digits.count - 3
            while place > 0 {
                digits.insert(",", at: place)
                place -= 3
            }
            return String(digits)
        }
        return text(digits: Swift.max(0, 2 - size))
    }
}
