/// One input of a command: a file or stdin, read in large pieces.
final class InputFile {
    /// As messages name it.
    let name: String
    /// Bytes of the file, nil where it is a pipe.
    let size: Int?
    /// Bytes read so far.
    private(set) var position = 0
    private let descriptor: Int32

    /// `-` is stdin.
    init(_ path: String) throws(CommandFailure) {
        if path == "-" {
            name = "standard input"
            descriptor = STDIN_FILENO
        } else {
            name = path
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            throw CommandFailure(
                .inputOutput, "cannot open \(path): \(systemReason(errno)): check the name and its permissions")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            size = nil
            return
        }
        size = Int(status.st_size)
    }

    deinit {
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// Makes sure that a file can be opened, before anything else is done.
    static func check(_ path: String) throws(CommandFailure) {
        let file = try InputFile(path)
        var status = stat()
        if fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw CommandFailure(.inputOutput, "\(path) is a directory: name the files in it")
        }
    }

    /// Reads at least one byte unless the input has ended, or someone wants the program to end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CommandFailure) -> Int {
        while true {
            let count = systemRead(descriptor, buffer)
            if count >= 0 {
                position += count
                return count
            }
            guard errno == EINTR else {
                throw CommandFailure(
                    .inputOutput, "cannot read \(name): \(systemReason(errno)): check the file and its device")
            }
            if Interrupts.isWanted { return 0 }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
