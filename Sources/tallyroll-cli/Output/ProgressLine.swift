/// A line on the terminal that says how far a long command is; nothing anywhere else.
struct ProgressLine {
    private let label: String
    private let started = steadyNanoseconds()
    private var shown: Int64 = 0
    private var isVisible = false
    private static let interval: Int64 = 100_000_000

    init(_ label: String) { self.label = label }

    /// Shows how much of `total` (nil when nobody knows) is done, at most ten times a second.
    mutating func update(done: Int, total: Int?, events: Int) {
        guard Terminal.isError else { return }
        let now = steadyNanoseconds()
        guard now - shown >= ProgressLine.interval, now - started >= ProgressLine.interval * 3 else { return }
        shown = now
        isVisible = true
        let seconds = Double(now - started) / 1e9
        var text = "\r\u{1B}[K\(label) "
        if let total, total > 0 {
            let share = min(Double(done) / Double(total), 1)
            let filled = Int(share * 24)
            text += String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            text += " \(Int(share * 100)) %  "
        }
        text += "\(Figures.count(events, "event"))  \(Figures.count(Int(Double(events) / seconds)))/s"
        Terminal.show(text)
    }

    /// Takes the line away.
    mutating func clear() {
        guard isVisible else { return }
        isVisible = false
        Terminal.show("\r\u{1B}[K")
    }
}
