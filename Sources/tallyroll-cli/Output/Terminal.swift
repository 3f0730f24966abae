/// What the program knows about where it writes.
enum Terminal {
    static let isOutput = isatty(STDOUT_FILENO) == 1
    static let isError = isatty(STDERR_FILENO) == 1

    /// Colours go to a terminal only, and not under NO_COLOR.
    static let hasColours: Bool = {
        if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
        if let value = getenv("TERM"), strcmp(value, "dumb") == 0 { return false }
        return isError
    }()

    /// Columns of the terminal on stdout, or nil when it is none.
    static var width: Int? {
        guard isOutput else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes one line to stderr for people.
    static func say(_ line: String) { write(line + "\n") }

    /// Writes one line to stderr about something that went wrong and is not the end.
    static func warn(_ line: String) {
        write("tallyroll: " + coloured("warning: ", "33") + oneLine(line) + "\n")
    }

    /// Writes the line that ends the program.
    static func complain(_ line: String) {
        write("tallyroll: " + coloured("error: ", "31") + oneLine(line) + "\n")
    }

    /// Writes part of a line to stderr.
    static func show(_ text: String) { write(text) }

    private static func coloured(_ text: String, _ code: String) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Messages quote file names and input, which may hold anything: what would move the cursor or begin a line is
    /// shown by its number.
    static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    private static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = systemWrite(STDERR_FILENO, rest)
                if count < 0 && errno == EINTR { continue }
                // There is nobody left to tell.
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

/// `write` under a name that methods do not hide.
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
