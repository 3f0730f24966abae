import Testing
import TallyrollFormat
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Stores with more files than a process may have open.
@Suite struct DescriptorPoolTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func make(_ count: Int, _ storage: PosixStorage) throws {
        for number in 0..<count {
            let file = try storage.open("f\(number)", mode: .create(exclusive: true))
            try [UInt8](repeating: UInt8(number), count: 8).withView { try file.write(at: 0, $0) }
            try file.close()
        }
    }

    /// The descriptors that lead into the directory.
    private func descriptors() throws -> Int {
        try PosixStorage(root: "/proc/self/fd").list("").count { name in
            var target = [UInt8](repeating: 0, count: 4_096)
            let length = target.withUnsafeMutableBytes { buffer in
                buffer.bindMemory(to: CChar.self).baseAddress.map {
                    readlink("/proc/self/fd/\(name)", $0, buffer.count)
                } ?? 0
            }
            guard length > 0 else { return false }
            return String(decoding: target[..<length], as: UTF8.self).hasPrefix(directory.path + "/f")
        }
    }

    @Test func filesShareFewDescriptors() throws {
        let storage = PosixStorage(root: directory.path, openFilesMax: 5)
        try make(40, storage)
        let files = try (0..<40).map { try storage.open("f\($0)", mode: .read) }
        for round in 0..<3 {
            for (number, file) in files.enumerated() {
                #expect(
                    try file.read(at: 0, length: 8) == [UInt8](repeating: UInt8(number), count: 8), "\(round)"
                )
                #expect(try file.size() == 8)
            }
        }
        #if os(Linux)
            #expect(try descriptors() <= 5)
        #endif
    }

    @Test func closedFilesStayClosed() throws {
        let storage = PosixStorage(root: directory.path, openFilesMax: 1)
        try make(2, storage)
        let first = try storage.open("f0", mode: .read)
        let second = try storage.open("f1", mode: .read)
        try first.close()
        #expect(throws: StorageError.self) { try first.read(at: 0, length: 1) }
        #expect(try second.read(at: 0, length: 1) == [1])
        #expect(throws: StorageError.self) { try first.read(at: 0, length: 1) }
    }

    @Test func anotherFileOfTheNameIsNotTheSame() throws {
        let storage = PosixStorage(root: directory.path, openFilesMax: 1)
        try make(3, storage)
        let first = try storage.open("f0", mode: .read)
        let second = try storage.open("f1", mode: .read)
        _ = try second.read(at: 0, length: 1)
        try storage.rename("f2", to: "f0")
        let error = try #require(throws: StorageError.self) {
            for _ in 0..<3 {
                _ = try second.read(at: 0, length: 1)
                _ = try first.read(at: 0, length: 1)
            }
        }
        #expect(error.code == .noSuchFile)
    }

    @Test func threadsReadWhileDescriptorsChange() throws {
        let storage = PosixStorage(root: directory.path, openFilesMax: 2)
        try make(12, storage)
        let files = try (0..<12).map { try storage.open("f\($0)", mode: .read) }
        DedicatedThreads.run(4) { thread in
            for turn in 0..<600 {
                let number = (turn * 7 + thread * 5) % files.count
                let bytes = try? files[number].read(at: 0, length: 8)
                #expect(bytes == [UInt8](repeating: UInt8(number), count: 8))
            }
        }
    }
}
